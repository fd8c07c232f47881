import { LighterError } from '../../core/errors.ts'
import { kernelRelease } from '../../host/kernel.ts'
import type { SpecSeccomp } from '../../oci/runtime-spec.ts'
import { defaultSeccomp, resolveProfile } from './seccomp.ts'

/** What `--security-opt` says. */
export interface SecurityOptions {
  noNewPrivileges: boolean
  /** `builtin`, `unconfined` or the text of a profile. */
  seccomp: string
  /** `/proc` and `/sys` without masks. */
  unmasked: boolean
}

const bad = (option: string): LighterError =>
  new LighterError(
    'bad-input',
    `invalid --security-opt ${/[=:]/.test(option) ? 2 : 1}: "${option}"`,
  )

/**
 * Parses security options. `apparmor` and `label` are recorded and have no effect: no unprivileged user may load
 * profiles or labels, and Docker, too, ignores them on a host without these modules. Throws `bad-input`.
 */
export function parseSecurityOptions(options: string[]): SecurityOptions {
  const result: SecurityOptions = { noNewPrivileges: false, seccomp: 'builtin', unmasked: false }
  for (const option of options) {
    if (option === 'no-new-privileges') {
      result.noNewPrivileges = true
      continue
    }
    const [, key = '', value = ''] = /^([^=:]*)[=:](.*)$/s.exec(option) ?? []
    switch (key) {
      case 'no-new-privileges':
        if (!['true', 'false', '1', '0'].includes(value)) throw bad(option)
        result.noNewPrivileges = value === 'true' || value === '1'
        break
      case 'seccomp':
        result.seccomp = value
        break
      case 'systempaths':
        if (value !== 'unconfined') throw bad(option)
        result.unmasked = true
        break
      case 'apparmor':
      case 'label':
        break
      default:
        throw bad(option)
    }
  }
  return result
}

/** The filter of a container; `undefined` for none. */
export function resolveSeccomp(
  security: SecurityOptions,
  privileged: boolean,
  capabilities: string[],
): SpecSeccomp | undefined {
  const held = new Set(capabilities)
  if (security.seccomp === 'unconfined') return undefined
  if (security.seccomp === 'builtin') {
    return privileged ? undefined : defaultSeccomp(held, process.arch)
  }
  return resolveProfile(security.seccomp, {
    capabilities: held,
    architecture: process.arch,
    kernel: kernelRelease(),
  })
}

export const MASKED_PATHS: readonly string[] = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
]

export const READONLY_PATHS: readonly string[] = [
  '/proc/bus',
  '/proc/fs',
  '/proc/irq',
  '/proc/sys',
  '/proc/sysrq-trigger',
]
