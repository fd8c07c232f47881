import { LighterError } from '../core/errors.ts'
import { lazyOs } from '../core/lazy.ts'
import type { ContainerRecord } from './record.ts'

const SIGTERM = 15
const RTMIN = 34
const RTMAX = 64

/** The number of a signal: `9`, `KILL`, `SIGKILL`, `RTMIN+3`. Throws `bad-input`. */
export function signalNumber(text: string): number {
  if (/^-?\d+$/.test(text)) {
    const number = Number(text)
    if (number >= 1 && number <= RTMAX) return number
    if (number !== 0)
      throw new LighterError('bad-input', `the linux daemon does not support signal ${text}`)
  }
  const name = text.toUpperCase().replace(/^SIG/, '')
  const known = (lazyOs().constants.signals as Readonly<Record<string, number>>)[`SIG${name}`]
  if (known !== undefined) return known
  const [, base, sign, offset] = /^(RTMIN|RTMAX)(?:([+-])(\d+))?$/.exec(name) ?? []
  if (base) {
    const number =
      (base === 'RTMIN' ? RTMIN : RTMAX) + Number(offset ?? 0) * (sign === '-' ? -1 : 1)
    if (number >= RTMIN && number <= RTMAX) return number
  }
  throw new LighterError('bad-input', `invalid signal: ${text}`)
}

/** What an image has as its signal may be none: that must not keep a container from being stopped. */
export function stopSignal(
  name: string,
  { config }: ContainerRecord,
  wanted: string | undefined,
): number {
  try {
    return signalNumber(wanted ?? config.stopSignal ?? 'TERM')
  } catch (error) {
    if (wanted === undefined) return SIGTERM
    const reason = error instanceof Error ? error.message : String(error)
    throw new LighterError('bad-input', `cannot stop container: ${name}: ${reason}`)
  }
}
