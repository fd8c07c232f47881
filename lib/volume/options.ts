import { statSync } from 'node:fs'
import { LighterError } from '../core/errors.ts'

/** Which others an option of the local driver needs, as Docker has it. */
const NEEDS: Readonly<Record<string, readonly string[]>> = {
  device: ['type'],
  type: ['device'],
  o: ['device', 'type'],
}

/** A mount as the OCI runtime specification has it, without its place. */
export interface VolumeMount {
  type: 'bind' | 'tmpfs' | 'overlay'
  source: string
  options: string[]
}

/**
 * Whether a volume of the local driver can have these options. Throws `bad-input` with Docker's sentences, and for a file
 * system that needs root on the host.
 */
export function checkVolumeOptions(name: string, options: Readonly<Record<string, string>>): void {
  const bad = (reason: string): LighterError =>
    new LighterError('bad-input', `create ${name}: ${reason}`)
  for (const key of Object.keys(options).sort()) {
    if (key === 'size') throw bad('quota size requested but no quota support')
    if (!Object.hasOwn(NEEDS, key)) throw bad(`invalid option: ${JSON.stringify(key)}`)
    for (const needed of NEEDS[key] ?? []) {
      if (options[needed] === undefined) throw bad(`missing required option: "${needed}"`)
    }
  }
  if (options.type === undefined) return
  const kind = kindOf(options)
  if (kind === undefined) {
    if (options.type === 'none')
      throw bad('a volume of type "none" is a directory: it needs o=bind')
    throw bad(
      `a volume of type ${JSON.stringify(options.type)} can be mounted by root of the host only; a directory (o=bind), tmpfs and overlay need no root`,
    )
  }
  if (kind === 'bind' && !options.device?.startsWith('/')) {
    throw bad(`the device of a bind must be an absolute path: ${JSON.stringify(options.device)}`)
  }
  if (kind === 'overlay') checkOverlay(options, bad)
}

/** The monitor that mounts it stands in another directory than the user. */
function checkOverlay(
  options: Readonly<Record<string, string>>,
  bad: (reason: string) => LighterError,
): void {
  for (const word of words(options)) {
    const [, key, value = ''] = /^(lowerdir|upperdir|workdir)=(.*)$/.exec(word) ?? []
    const relative = value.split(/(?<!\\):/).find((path) => path !== '' && !path.startsWith('/'))
    if (key !== undefined && relative !== undefined)
      throw bad(`the ${key} of an overlay must be an absolute path: ${JSON.stringify(relative)}`)
  }
}

const words = (options: Readonly<Record<string, string>>): string[] =>
  (options.o ?? '').split(',').filter((word) => word !== '')

function kindOf(options: Readonly<Record<string, string>>): VolumeMount['type'] | undefined {
  if (words(options).some((word) => word === 'bind' || word === 'rbind')) return 'bind'
  return options.type === 'tmpfs' || options.type === 'overlay' ? options.type : undefined
}

/** What such a volume is mounted from; `undefined` for one without options: its own directory. */
export function volumeMount(
  options: Readonly<Record<string, string>> | undefined,
): VolumeMount | undefined {
  const kind = options && kindOf(options)
  if (!kind) return undefined
  if (kind !== 'bind')
    return { type: kind, source: options.device ?? kind, options: words(options) }
  const own = words(options)
  return {
    type: 'bind',
    source: options.device ?? '',
    options: own.includes('rbind') || own.includes('bind') ? own : ['rbind', ...own],
  }
}

/** Whether a start would find the volume's source. Throws `start-failed` with Docker's sentence. `place`: the volume's directory. */
export function checkVolumeSource(
  options: Readonly<Record<string, string>> | undefined,
  place: string,
): void {
  const mount = volumeMount(options)
  if (mount?.type !== 'bind' || statSync(mount.source, { throwIfNoEntry: false })) return
  throw new LighterError(
    'start-failed',
    `error while mounting volume '${place}': failed to mount local volume: mount ${mount.source}:${place}: no such file or directory`,
  )
}
