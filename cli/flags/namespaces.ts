import { isNamespaceMode } from '../../lib/container/check-options.ts'
import type { NamespaceModes } from '../../lib/container/options.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Parsed } from '../parse.ts'

/** The namespace flags. Throws `usage` with Docker's sentences. */
export function parseNamespaces(parsed: Parsed): NamespaceModes {
  const modes: NamespaceModes = {}
  const take = (flag: string, key: keyof NamespaceModes, name: string): void => {
    const text = parsed.string(flag)
    if (!text) return
    if (!isNamespaceMode(key, text))
      throw new LighterError('usage', `--${flag}: invalid ${name} mode`)
    modes[key] = text
  }
  take('pid', 'pid', 'PID')
  take('uts', 'uts', 'UTS')
  take('cgroupns', 'cgroup', 'CGROUP')
  take('userns', 'user', 'USER')
  const ipc = parsed.string('ipc')
  if (ipc) modes.ipc = ipc
  return modes
}
