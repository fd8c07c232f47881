import { LighterError } from '../../../lib/core/errors.ts'
import type { BuildDisplay, Clock, DisplayMode, DisplayTitle, Out } from './build-display.ts'

const MODES: ReadonlySet<string> = new Set(['auto', 'plain', 'tty', 'quiet', 'rawjson'])

/**
 * The way in which progress is shown: that of the flag, where it does not leave it open; else that of BUILDKIT_PROGRESS. Throws
 * `usage`.
 */
export function chooseMode(flag: string, quiet: boolean, wish: string | undefined): DisplayMode {
  if (quiet) {
    if (flag === 'auto' || flag === 'quiet') return 'quiet'
    throw new LighterError('usage', `progress=${flag} and quiet cannot be used together`)
  }
  const mode = (flag === 'auto' ? wish : flag) || 'auto'
  if (MODES.has(mode)) return mode as DisplayMode
  throw new LighterError('usage', `invalid progress mode ${mode}`)
}

/** Opens a display for one build, or for several at once. Throws `usage` for `tty` where there is no terminal. */
export async function openDisplay(
  mode: DisplayMode,
  out: Out,
  title: DisplayTitle,
  clock: Clock = systemClock,
): Promise<BuildDisplay> {
  if (mode === 'tty' && !out.isTTY) {
    throw new LighterError('usage', 'failed to get console: provided file is not a console')
  }
  if (mode === 'rawjson') return (await import('./raw-json.ts')).showRawJson(out)
  if (mode === 'quiet') return (await import('./quiet.ts')).showNothing()
  const { builder, driver } = title
  if (mode === 'plain' || !out.isTTY) {
    const { showPlain } = await import('./plain.ts')
    const words = `building with ${JSON.stringify(builder)} instance using ${driver} driver`
    return showPlain(out, clock, builder === '' ? '' : words)
  }
  const { showTerminal } = await import('./terminal.ts')
  return showTerminal(out, clock, builder === '' ? '' : `${driver}:${builder}`)
}

const systemClock: Clock = {
  now: Date.now,
  after: (milliseconds, action) => {
    const timer = setTimeout(action, milliseconds)
    return { stop: () => clearTimeout(timer) }
  },
  every: (milliseconds, action) => {
    const timer = setInterval(action, milliseconds)
    return { stop: () => clearInterval(timer) }
  },
}
