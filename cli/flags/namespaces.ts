import type { NamespaceModes } from '../../lib/container/options.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Parsed } from '../parse.ts'

/** The namespace flags. Throws `usage` with Docker's sentences. */
export function parseNamespaces(parsed: Parsed): NamespaceModes {
  const modes: NamespaceModes = {}
  const take = (flag: string, key: keyof NamespaceModes, known: RegExp, name: string): void => {
    const text = parsed.string(flag)
    if (!text) return
    if (!known.test(text)) throw new LighterError('usage', `--${flag}: invalid ${name} mode`)
    modes[key] = text
  }
  take('pid', 'pid', /^(host|container:.+)$/s, 'PID')
  take('uts', 'uts', /^host$/, 'UTS')
  take('cgroupns', 'cgroup', /^(host|private)$/, 'CGROUP')
  take('userns', 'user', /^(host|nomap|keep-id(:((uid|gid)=\d{1,9}(,|$)){1,2})?)$/, 'USER')
  const ipc = parsed.string('ipc')
  if (ipc) modes.ipc = ipc
  return modes
}
