import { existsSync, mkdirSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { replaceFile } from '../fs/replace.ts'

const NAME = 'lighter-boot.service'

/** Where a unit of a user's systemd is, or of the system's for root. */
export interface BootUnit {
  path: string
  /** What enables it: the link that the target's directory has. */
  link: string
}

/** `configHome`: `$XDG_CONFIG_HOME`. */
export function findBootUnit(uid: number, configHome: string): BootUnit {
  const directory = uid === 0 ? '/etc/systemd/system' : join(configHome, 'systemd', 'user')
  return { path: join(directory, NAME), link: join(directory, `${targetOf(uid)}.wants`, NAME) }
}

const targetOf = (uid: number): string => (uid === 0 ? 'multi-user.target' : 'default.target')

/** What systemd is to start. */
export interface BootCommand {
  program: string
  /** Where the containers are, when the user's shell says so. */
  environment: Readonly<Record<string, string>>
}

/** The unit that starts containers at boot; as root at that of the system, else when the user's manager starts. */
export function bootUnitText(uid: number, { program, environment }: BootCommand): string {
  const variables = Object.entries(environment).map(
    ([name, value]) => `Environment=${quote(`${name}=${value}`)}\n`,
  )
  // A user's manager knows no target of the network: containers wait for their own way out.
  const after = uid === 0 ? 'After=network-online.target\nWants=network-online.target\n' : ''
  return `[Unit]
Description=Start the containers of lighter that have a restart policy
Documentation=man:lighter(1)
${after}
[Service]
Type=oneshot
${variables.join('')}ExecStart=${quote(program)} system boot
# Each container's monitor lives in a scope of its own; what has none must not end with this unit.
KillMode=process
TimeoutStartSec=infinity

[Install]
WantedBy=${targetOf(uid)}
`
}

/** One word of a line in a unit: no specifier, no variable. */
export const quote = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replaceAll('%', '%%').replaceAll('$', '$$$$')}"`

/** Writes and enables the unit, as `systemctl enable` does; it counts from the next boot on. Throws `host-setup`. */
export function enableBoot(uid: number, unit: BootUnit, command: BootCommand): void {
  if (!existsSync('/run/systemd/system')) {
    throw new LighterError('host-setup', 'this host does not run systemd', {
      hint: `Have '${command.program} system boot' run when the machine starts, for example by @reboot of cron.`,
    })
  }
  mkdirSync(dirname(unit.link), { recursive: true })
  replaceFile(unit.path, bootUnitText(uid, command), true, 0o644)
  try {
    symlinkSync(unit.path, unit.link)
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error
  }
}

/** Undoes `enableBoot`; nothing to undo is fine. */
export function disableBoot({ path, link }: BootUnit): void {
  rmSync(link, { force: true })
  rmSync(path, { force: true })
}

/** Whether the user's manager starts with the machine. */
export const isLingering = (name: string): boolean => existsSync(`/var/lib/systemd/linger/${name}`)

/** What systemd's manager does not know of this shell. */
export function placeOfData(): Record<string, string> {
  const names = ['LIGHTER_DATA_DIR', 'XDG_DATA_HOME']
  return Object.fromEntries(
    names.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  )
}
