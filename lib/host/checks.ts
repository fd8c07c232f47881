import { accessSync, constants, readFileSync } from 'node:fs'
import { release } from 'node:os'
import { type Check, type CheckedUser, ok } from './check.ts'
import { asRoot, installCommand, type PackageNames } from './distribution.ts'
import { findProgram } from './programs.ts'
import { checkBoot, checkCgroups, checkLinger } from './session-checks.ts'
import { ownerNames, readRanges } from './subids.ts'
import { uplinkPackage } from './uplink.ts'

/** The answer of a trial that only the native program can make. */
export interface Trial {
  ok: boolean
  message: string
}

/** By the names that `lighter-native probe` has for them. */
export const TRIALS = [
  'userns',
  'idmap',
  'overlay',
  'fuse-overlayfs',
  'owners',
  'kept-owners',
  'bridge',
  'nftables',
  'seccomp',
  'memfd-exec',
] as const

export type Trials = Record<(typeof TRIALS)[number], Trial>

const same = (name: string): PackageNames => ({
  apt: name,
  dnf: name,
  pacman: name,
  apk: name,
  zypper: name,
})

/** Every prerequisite, in the order in which a newcomer meets them. */
export function checkHost(user: CheckedUser, trials: Trials): Check[] {
  return [
    checkUserNamespaces(user, trials.userns),
    checkRanges(user),
    checkMapPrograms(user),
    checkMap(trials),
    checkOverlay(trials),
    checkFuse(trials),
    ...checkOwners(trials),
    checkTun(),
    checkUplink(user),
    checkNetwork(trials),
    checkCgroups(user),
    checkLinger(user),
    checkBoot(user.bootUnit),
    checkKernel(trials),
  ]
}

function checkUserNamespaces(user: CheckedUser, trial: Trial): Check {
  const title = 'user namespaces'
  if (trial.ok) return ok(title, 'can be made')
  const missing = (detail: string, ...mend: string[]): Check => ({
    title,
    state: 'missing',
    detail,
    mend,
  })
  if (readSetting('user/max_user_namespaces') === '0') {
    return missing(
      'the limit user.max_user_namespaces is 0',
      ...persistSetting('user.max_user_namespaces=15000'),
    )
  }
  if (readSetting('kernel/unprivileged_userns_clone') === '0') {
    return missing(
      'switched off for ordinary users (kernel.unprivileged_userns_clone is 0)',
      ...persistSetting('kernel.unprivileged_userns_clone=1'),
    )
  }
  if (readSetting('kernel/apparmor_restrict_unprivileged_userns') === '1') {
    return missing('AppArmor allows them only to programs with a profile', ...profileCommands(user))
  }
  return missing(`the kernel refused: ${trial.message}`)
}

/** One file for the kernel setting, so that it survives a reboot, and its activation. */
const persistSetting = (setting: string): string[] => [
  `echo ${setting} | ${asRoot('tee /etc/sysctl.d/60-lighter.conf')}`,
  asRoot('sysctl --system'),
]

function profileCommands(user: CheckedUser): string[] {
  const profile = `abi <abi/4.0>,\\ninclude <tunables/global>\\nprofile lighter ${user.nativePattern} flags=(unconfined) {\\n  userns,\\n}\\n`
  return [
    `printf '${profile}' | ${asRoot('tee /etc/apparmor.d/lighter')}`,
    asRoot('apparmor_parser -r /etc/apparmor.d/lighter'),
  ]
}

function checkRanges(user: CheckedUser): Check {
  const title = 'subordinate ids'
  try {
    const names = ownerNames(user.uid)
    const uids = readRanges('/etc/subuid', names)
    const gids = readRanges('/etc/subgid', names)
    if (uids.length > 0 && gids.length > 0) {
      const shown = uids.map(({ start, count }) => `${count} from ${start} on`).join(', ')
      return ok(title, shown)
    }
    if (user.uid === 0) return ok(title, 'root has no range: containers get the ids of the host')
    const which = [uids.length === 0 ? '/etc/subuid' : '', gids.length === 0 ? '/etc/subgid' : '']
    const options = [uids.length === 0 ? 'uids' : '', gids.length === 0 ? 'gids' : '']
    return {
      title,
      state: 'limited',
      detail: `${user.name} has no range in ${which.filter(Boolean).join(' and ')}: containers have one user only`,
      mend: [addRange(user.name, options.filter(Boolean))],
    }
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error)
    return { title, state: 'missing', detail, mend: [] }
  }
}

/** The command that gives the calling user `count` more subordinate ids. */
export function moreIds(count: number): string {
  const [name = ''] = ownerNames(process.getuid?.() ?? 0)
  return addRange(name, ['uids', 'gids'], count)
}

/** A range behind every one that is in use. */
function addRange(name: string, kinds: readonly string[], count = 65536): string {
  const ends = ['/etc/subuid', '/etc/subgid'].flatMap((path) =>
    [...readText(path).matchAll(/^[^:\n]+:(\d+):(\d+)/gm)].map(
      ([, start, count]) => Number(start) + Number(count),
    ),
  )
  const start = Math.max(100000, ...ends)
  const range = `${start}-${start + count - 1}`
  const options = kinds.map((kind) => `--add-sub${kind} ${range}`).join(' ')
  return asRoot(`usermod ${options} ${name}`)
}

function checkMapPrograms(user: CheckedUser): Check {
  const title = 'newuidmap, newgidmap'
  const found = ['newuidmap', 'newgidmap'].map((name) => findProgram(name))
  if (found.every(Boolean)) return ok(title, found.join(', '))
  if (user.uid === 0) return ok(title, 'not needed by root')
  const names = {
    apt: 'uidmap',
    dnf: 'shadow-utils',
    pacman: 'shadow',
    apk: 'shadow-uidmap',
    zypper: 'shadow',
  }
  return {
    title,
    state: 'limited',
    detail: 'not installed: containers have one user only',
    mend: [installCommand(names)],
  }
}

/** The ranges may look right and still be refused: newuidmap without its privilege, a range that is another's. */
function checkMap({ userns, idmap }: Trials): Check {
  const title = 'id map'
  if (idmap.ok) return ok(title, 'accepted by the kernel')
  if (!userns.ok) return { title, state: 'missing', detail: 'needs user namespaces', mend: [] }
  const names = {
    apt: '--reinstall uidmap',
    dnf: 'shadow-utils',
    pacman: 'shadow',
    apk: 'shadow-uidmap',
    zypper: 'shadow',
  }
  return { title, state: 'missing', detail: idmap.message, mend: [installCommand(names)] }
}

/** What is tried inside a user namespace says nothing when there is none. */
const untried = (title: string, { userns, idmap }: Trials): Check | undefined =>
  userns.ok && idmap.ok
    ? undefined
    : { title, state: 'limited', detail: 'could not be tried without an id map', mend: [] }

function checkOverlay(trials: Trials): Check {
  const title = 'overlay'
  const trial = trials.overlay
  if (trial.ok) return ok(title, 'mounted by the kernel')
  const none = untried(title, trials)
  if (none) return none
  return {
    title,
    state: 'limited',
    detail: `the kernel refused (${trial.message}): fuse-overlayfs is used, which is slower`,
    mend: [],
  }
}

/** Needed only where the kernel's own overlay does not work. */
function checkFuse(trials: Trials): Check {
  const title = 'fuse-overlayfs'
  const program = findProgram('fuse-overlayfs')
  const trial = trials['fuse-overlayfs']
  if (program && trial.ok) return ok(title, program)
  const none = program && untried(title, trials)
  if (none) return none
  const detail = program ? trial.message : 'not installed'
  if (trials.overlay.ok) return ok(title, `not needed here (${detail})`)
  const mend = program
    ? [asRoot('modprobe fuse'), asRoot('chmod 666 /dev/fuse')]
    : [installCommand(same('fuse-overlayfs'))]
  return { title, state: 'missing', detail, mend }
}

/** Worth a line only where the data directory refuses to give files to other ids, as NFS does. */
function checkOwners(trials: Trials): Check[] {
  const { owners, 'kept-owners': kept } = trials
  if (owners.ok || untried('', trials)) return []
  const detail = kept.ok
    ? `${owners.message}: owners are kept in attributes`
    : `${owners.message}, and ${kept.message}: set LIGHTER_DATA_DIR to a local directory`
  return [{ title: 'owners of files', state: 'limited', detail, mend: [] }]
}

function checkTun(): Check {
  const title = '/dev/net/tun'
  if (canOpen('/dev/net/tun')) return ok(title, 'can be opened')
  return {
    title,
    state: 'limited',
    detail: 'cannot be opened: containers have no way out to the network',
    mend: [asRoot('modprobe tun'), asRoot('chmod 666 /dev/net/tun')],
  }
}

function checkUplink({ uplink: title, uplinkFault }: CheckedUser): Check {
  const program = findProgram(title)
  if (program && uplinkFault === undefined) return ok(title, program)
  if (program) {
    return {
      title,
      state: 'limited',
      detail: `${uplinkFault}; with LIGHTER_UPLINK=slirp4netns, or without "uplink" in config.json, the way out is another`,
      mend: findProgram('slirp4netns') ? [] : [installCommand(same('slirp4netns'))],
    }
  }
  return {
    title,
    state: 'limited',
    detail: 'not installed: containers have no way out to the network',
    mend: [installCommand(same(uplinkPackage(title)))],
  }
}

/** Modules of the kernel that the network of the containers is made of; only root can have them loaded. */
function checkNetwork(trials: Trials): Check {
  const title = 'bridge, nftables'
  const { bridge, nftables } = trials
  if (bridge.ok && nftables.ok) return ok(title, 'can be made')
  const none = untried(title, trials)
  if (none) return none
  const refused = bridge.ok ? nftables : bridge
  return {
    title,
    state: 'limited',
    detail: `${refused.message}: containers have no network of their own`,
    mend: [
      asRoot('modprobe -a bridge veth nf_tables nft_masq nft_chain_nat'),
      `printf 'bridge\\nveth\\nnf_tables\\nnft_masq\\nnft_chain_nat\\n' | ${asRoot('tee /etc/modules-load.d/lighter.conf')}`,
    ],
  }
}

/** openat2, close_range, pidfds and mount_setattr are used throughout: 5.12 has them all. */
const OLDEST_KERNEL: readonly [number, number] = [5, 12]

function checkKernel(trials: Trials): Check {
  const title = 'kernel'
  const missing = (detail: string, ...mend: string[]): Check => ({
    title,
    state: 'missing',
    detail,
    mend,
  })
  const [major = 0, minor = 0] = release().split(/[.-]/).map(Number)
  const [wantedMajor, wantedMinor] = OLDEST_KERNEL
  if (major < wantedMajor || (major === wantedMajor && minor < wantedMinor)) {
    return missing(`${release()} is too old: ${OLDEST_KERNEL.join('.')} or newer is needed`)
  }
  if (!trials.seccomp.ok) return missing(trials.seccomp.message)
  const memory = trials['memfd-exec']
  if (!memory.ok) return missing(memory.message, ...persistSetting('vm.memfd_noexec=0'))
  return ok(title, release())
}

const readSetting = (name: string): string => readText(`/proc/sys/${name}`).trim()

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK)
    return true
  } catch {
    return false
  }
}
