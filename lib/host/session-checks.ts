import { existsSync } from 'node:fs'
import { type BootUnit, isLingering } from './boot-unit.ts'
import { readCgroups } from './cgroups.ts'
import { type Check, type CheckedUser, ok } from './check.ts'
import { asRoot } from './distribution.ts'

const WANTED_CONTROLLERS = ['cpu', 'memory', 'pids']

/** What the containers of this user can be counted and limited with. */
export function checkCgroups(user: CheckedUser): Check {
  const title = 'cgroup delegation'
  const facts = readCgroups(user.uid)
  const absent = WANTED_CONTROLLERS.filter((name) => !facts.controllers.includes(name))
  if (absent.length === 0) return ok(title, facts.controllers.join(' '))
  const limited = (detail: string, ...mend: string[]): Check => ({
    title,
    state: 'limited',
    detail,
    mend,
  })
  if (facts.version === 1) {
    return limited('the host uses cgroup v1: containers are in the cgroup of whoever started them')
  }
  if (!facts.systemd) {
    const mend = existsSync('/run/systemd/system') && user.uid !== 0 ? [enableLinger(user)] : []
    return limited('none: containers are in the cgroup of whoever started them', ...mend)
  }
  const unit = '/etc/systemd/system/user@.service.d'
  return limited(
    // The user's manager looks only when it starts; restarting it would end the session's programs.
    `not delegated: ${absent.join(' ')} (these commands count from the next boot on)`,
    asRoot(`mkdir -p ${unit}`),
    `printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' | ${asRoot(`tee ${unit}/delegate.conf`)}`,
    asRoot('systemctl daemon-reload'),
  )
}

/** Whether containers outlive the login session. */
export function checkLinger(user: CheckedUser): Check {
  const title = 'life after logout'
  if (user.uid === 0 || !existsSync(`/run/user/${user.uid}/systemd`)) {
    return ok(title, 'no login session ends containers here')
  }
  if (isLingering(user.name)) return ok(title, 'lingering is on')
  return {
    title,
    state: 'limited',
    detail: 'the last logout ends all containers',
    mend: [enableLinger(user)],
  }
}

/** Whether containers with a restart policy start with the machine. */
export function checkBoot(unit: BootUnit): Check {
  const title = 'start at boot'
  if (existsSync(unit.link))
    return ok(title, 'containers whose restart policy wants it are started')
  return ok(title, "nothing is started; 'lighter system boot --enable' changes that")
}

/** Also starts the manager of a user who is not logged in. Asking without root's rights may be refused. */
export const enableLinger = (user: Pick<CheckedUser, 'name'>): string =>
  asRoot(`loginctl enable-linger ${user.name}`)
