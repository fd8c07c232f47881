import { LighterError } from '../../core/errors.ts'

/** In the order of their numbers. */
const ALL =
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
    .split(' ')
    .map((name) => `CAP_${name}`)

const DEFAULT =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`)

export interface CapabilityWishes {
  privileged: boolean
  capAdd: string[]
  capDrop: string[]
}

/** The capabilities of a container. Throws `bad-input` for a name that is none. */
export function resolveCapabilities(wishes: CapabilityWishes): string[] {
  const add = normalize(wishes.capAdd, 'CapAdd')
  const drop = normalize(wishes.capDrop, 'CapDrop')
  if (wishes.privileged) return [...ALL]
  const added = add.filter((name) => name !== 'ALL')
  if (drop.includes('ALL')) return added
  const base = add.includes('ALL') ? ALL : [...DEFAULT, ...added]
  return [...new Set(base)].filter((name) => !drop.includes(name) || added.includes(name))
}

/** Upper case and with prefix; `ALL` stays. */
export function normalize(names: string[], field: 'CapAdd' | 'CapDrop'): string[] {
  return names.map((name) => {
    const upper = name.toUpperCase()
    if (upper === 'ALL' || upper === 'CAP_ALL') return 'ALL'
    const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`
    if (ALL.includes(full)) return full
    throw new LighterError('bad-input', `invalid ${field}: unknown capability: "${full}"`)
  })
}
