import { LighterError } from '../core/errors.ts'
import type { HostOptions, NamespaceModes } from './options.ts'

const bad = (message: string): LighterError => new LighterError('bad-input', message)

/** What Docker finds wrong with options when a container is made. Throws `bad-input` with its sentences. */
export function checkHostOptions(options: HostOptions): void {
  const { annotations = {}, oomScoreAdj = 0, isolation = '', shmSize = 0 } = options
  if (Object.hasOwn(annotations, '')) {
    throw bad('invalid Annotations: the empty string is not permitted as an annotation key')
  }
  if (oomScoreAdj < -1000 || oomScoreAdj > 1000) {
    throw bad(`Invalid value ${oomScoreAdj}, range for oom score adj is [-1000, 1000]`)
  }
  if (isolation !== '' && isolation !== 'default') {
    throw bad(`Invalid isolation: ${JSON.stringify(isolation)} - linux only supports 'default'`)
  }
  if (shmSize < 0) throw bad('SHM size can not be less than 0')
}

const MODES: Readonly<Record<keyof NamespaceModes, RegExp>> = {
  pid: /^(host|container:.+)$/s,
  uts: /^host$/,
  cgroup: /^(host|private)$/,
  user: /^(host|nomap|keep-id(:((uid|gid)=\d{1,9}(,|$)){1,2})?)$/,
  // Checked where the other container is looked for.
  ipc: /^/,
}

/** Whether a text names what a container can have of that namespace. */
export const isNamespaceMode = (kind: keyof NamespaceModes, text: string): boolean =>
  MODES[kind].test(text)

/** `--storage-opt`: layers share one file system, of which no container can be given a part. Throws `bad-input`. */
export function refuseStorageOptions(names: readonly string[]): void {
  const [name] = names
  if (name === undefined) return
  if (name.toLowerCase() !== 'size') throw bad(`Unknown option ${name}`)
  throw bad("--storage-opt is supported only for overlay over xfs with 'pquota' mount option")
}
