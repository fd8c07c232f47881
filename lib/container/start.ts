import { existsSync, linkSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { RELEASE_VERB } from '../core/release-verb.ts'
import type { Engine } from '../engine.ts'
import { listNames, makeDraft } from '../fs/drafts.ts'
import { spaceError, writeNewFile } from '../fs/replace.ts'
import { cgroupParent, underSystemd } from '../host/cgroups.ts'
import { ownIdentity } from '../host/process.ts'
import { hostsFile, resolvConf } from '../network/files.ts'
import { effectiveMode, planNetwork } from '../network/network.ts'
import { startDetached } from '../runtime/handover.ts'
import type { Plan } from '../runtime/plan.ts'
import { checkVolumeSource, volumeMount } from '../volume/options.ts'
import { recordVolumeEvent, volumeData, volumeDirectory } from '../volume/volume.ts'
import { planAccount } from './account.ts'
import { type Container, readRecord } from './catalog.ts'
import type { DeviceEdits } from './cdi.ts'
import { isGone, isNamed, planBridges } from './endpoints.ts'
import { eventAttributes } from './events.ts'
import { healthRequest } from './exec-request.ts'
import { eventCheck, healthCommand, planHealth } from './health.ts'
import { linkedHosts } from './links.ts'
import { planLogging } from './log-config.ts'
import { nameClaim } from './names.ts'
import { openFilesLimit } from './open-files.ts'
import type { DeviceRequest } from './options.ts'
import { refuseTerminal, streamsOf } from './passthrough.ts'
import { anonymousVolumes, type ContainerRecord, type MountPoint } from './record.ts'
import { findDriver, lowerDirectories, makeEmptyLayer } from './rootfs.ts'
import { findShared, ownerOfFiles, type SharedNamespaces } from './sharing.ts'
import { stopSignal } from './signals.ts'
import { buildSpec } from './spec/spec.ts'
import type { RestartPolicy } from './supervision.ts'
import { mappingOption, userMap } from './user-map.ts'
import type { PluginMounts } from './volume-mounts.ts'

/** What is ready to be put in force by the monitor that gets the container's lock. */
export interface PreparedStart {
  /** The container's directory. */
  container: string
  /** The directory of what was prepared. */
  prepared: string
  /** What plugins have mounted for it. */
  mounted?: PluginMounts
}

/** How the native program's `run` is told. */
export const startArguments = ({ container, prepared }: PreparedStart): string[] => [
  '--container',
  container,
  '--prepared',
  prepared,
]

/**
 * Writes everything that the native program reads: bundle, plan and the files of /etc. Anew at each start, and beside the
 * container: another start of it may be under way. Throws `no-such-container`.
 */
export async function prepareStart(engine: Engine, container: Container): Promise<PreparedStart> {
  const { data } = engine.paths
  const { directory } = container
  const prepared = makeDraft(data, ownIdentity())
  let mounted: PluginMounts | undefined
  try {
    const record = await currentRecord(engine, container, prepared)
    await checkSources(data, record)
    mounted = await mountVolumes(engine, record)
    await writeFiles(engine, { record, directory }, prepared, mounted)
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true })
    await unmountVolumes(data, mounted)
    if (error instanceof LighterError) {
      await (await import('./failed-start.ts')).recordFailedStart(engine, container, error)
    }
    throw spaceError(error, prepared)
  }
  return { container: directory, prepared, ...(mounted ? { mounted } : {}) }
}

/** Nothing is loaded for it where no plugin keeps a volume of the container. */
async function mountVolumes(
  { paths }: Engine,
  record: ContainerRecord,
): Promise<PluginMounts | undefined> {
  const kept = record.mounts.some((mount) => mount.type === 'volume' && mount.driver !== undefined)
  if (!kept) return undefined
  const { mountPluginVolumes, releaseOrphanedMounts } = await import('./volume-mounts.ts')
  await releaseOrphanedMounts(paths.data)
  return await mountPluginVolumes(paths, record)
}

async function unmountVolumes(data: string, mounted: PluginMounts | undefined): Promise<void> {
  if (!mounted) return
  const { unmountPluginVolumes } = await import('./volume-mounts.ts')
  await unmountPluginVolumes(data, mounted.ids)
}

/** Networks that are gone, or that were not there when the container was made, are looked for by name. */
async function currentRecord(
  engine: Engine,
  container: Container,
  prepared: string,
): Promise<ContainerRecord> {
  const record = linkRecord(container, prepared)
  const { networks } = record
  const { data } = engine.paths
  if (networks === undefined) return record
  if (networks.length > 0 && !networks.some((endpoint) => isGone(data, endpoint))) return record
  await (await import('./renew-networks.ts')).renewNetworks(engine, container)
  rmSync(join(prepared, 'container.json'))
  return linkRecord(container, prepared)
}

/** The record as it is now. The monitor compares the link with what is there when it has the lock. */
function linkRecord({ record, directory }: Container, prepared: string): ContainerRecord {
  const link = join(prepared, 'container.json')
  try {
    linkSync(join(directory, 'container.json'), link)
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error
    throw new LighterError('no-such-container', `No such container: ${record.id}`)
  }
  return readRecord(link) ?? record
}

async function writeFiles(
  engine: Engine,
  container: Container,
  prepared: string,
  mounted: PluginMounts | undefined,
): Promise<void> {
  const { record, directory } = container
  const { native, paths } = engine
  refuseTerminal(record)
  const { data } = paths
  const shared = findShared(data, record)
  const edits = record.host.deviceRequests && (await findEdits(record.host.deviceRequests))
  const owner = ownerOfFiles(data, container)
  const spec = buildSpec(owner === container ? record : withNamesOf(owner.record, record), {
    data,
    directory,
    files: owner.directory,
    nativeProgram: native().program,
    idMap: engine.idMap(),
    openFiles: openFilesLimit(),
    shared,
    edits,
    places: mounted?.places,
  })
  const plan = await buildPlan(engine, container, { shared, mounted }, edits?.groups)
  removeOldRequests(join(directory, 'exec'))
  const write: WriteFile = (name, text, mode) => writeNewFile(join(prepared, name), text, mode)
  if (owner === container) writeNames(data, record, write)
  write('config.json', JSON.stringify(spec))
  const check = healthRequest(record)
  if (check) write(HEALTH_CHECK, JSON.stringify(check))
  write('plan.json', JSON.stringify(plan))
  recordMounts(data, record)
}

/** How often a start is prepared again that others change the container under. */
const ATTEMPTS = 10

/** Starts a container and returns once its process runs; one that runs already is left as it is. Throws what kept it from running. */
export async function startInBackground(engine: Engine, container: Container): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const prepared = await prepareStart(engine, container)
    try {
      await startDetached(engine.native().program, prepared, streamsOf(container.record))
      return
    } catch (error) {
      await unmountVolumes(engine.paths.data, prepared.mounted)
      if (!(error instanceof LighterError)) throw error
      // Another command was faster.
      if (error.code === 'already-running') return
      if (error.code !== 'changed-meanwhile' || attempt === ATTEMPTS) throw error
    }
  }
}

/** Found before anything is written: sources may have been deleted by hand since the container was made. */
async function checkSources(data: string, { mounts }: ContainerRecord): Promise<void> {
  for (const mount of mounts) {
    if (mount.type === 'bind' && !existsSync(mount.source))
      (await import('./mount-sources.ts')).renewSource(mount)
    if (mount.type !== 'volume') continue
    const place = volumeData(data, mount.name)
    if (mount.driver !== undefined) continue
    if (mount.driverOptions) checkVolumeSource(mount.driverOptions, place)
    else if (!existsSync(place)) {
      throw new LighterError(
        'start-failed',
        `error evaluating symlinks from mount source "${place}": lstat ${place}: no such file or directory`,
      )
    }
  }
}

/** Who joins a network has the names of whoever made it. */
function withNamesOf({ config }: ContainerRecord, record: ContainerRecord): ContainerRecord {
  const { hostname, domainname } = config
  const names = domainname === undefined ? { hostname } : { hostname, domainname }
  return { ...record, config: { ...record.config, ...names } }
}

type WriteFile = (name: string, text: string, mode?: number) => void

function writeNames(data: string, record: ContainerRecord, write: WriteFile): void {
  const { config, host } = record
  const links = record.networks ? linkedHosts(data, record) : []
  const mode = effectiveMode(host.networkMode, record.networks)
  write('hosts', hostsFile(mode, host) + links.join(''), SHARED)
  write('hostname', `${config.hostname}\n`, SHARED)
  write('resolv.conf', resolvConf(mode, host, isNamed(record)), SHARED)
}

function recordMounts(data: string, { id, mounts }: ContainerRecord): void {
  for (const mount of mounts) {
    if (mount.type !== 'volume') continue
    recordVolumeEvent(data, mount.name, 'mount', {
      container: id,
      destination: mount.destination,
      propagation: '',
      'read/write': String(!mount.readOnly),
      ...(mount.driver === undefined ? {} : { driver: mount.driver }),
    })
  }
}

async function buildPlan(
  engine: Engine,
  { record, directory }: Container,
  {
    shared: { donor, hostNetwork },
    mounted,
  }: { shared: SharedNamespaces; mounted: PluginMounts | undefined },
  deviceGroups: string[] = [],
): Promise<Plan> {
  const { data, runtime } = engine.paths
  const { config, host } = record
  const parent =
    host.runtimeProgram === undefined ? cgroupParent(process.getuid?.() ?? 0) : undefined
  return {
    version: 1,
    id: record.id,
    dataDir: data,
    runtimeDir: runtime,
    idMap: engine.idMap(),
    rootfs: {
      ...(await findDriver(engine, record.driver)),
      lower: record.layers.length > 0 ? lowerDirectories(data, record) : makeEmptyLayer(directory),
      upper: join(directory, 'upper'),
      work: join(directory, 'work'),
      ...shownOwners(engine, record),
    },
    network: planNetwork(
      hostNetwork ? 'host' : effectiveMode(host.networkMode, record.networks),
      planBridges(data, record),
      {
        uplink: engine.uplink(),
        uplinks: engine.native().uplinks,
        hostsFile: join(directory, 'hosts'),
        hostsNames: config.domainname
          ? `${config.hostname}.${config.domainname} ${config.hostname}`
          : config.hostname,
      },
    ),
    stdio: { terminal: config.tty, stdin: config.openStdin, stdinOnce: config.stdinOnce },
    ...(await planLog(record, directory)),
    autoRemove: host.autoRemove,
    nameClaim: nameClaim(data, record.name),
    removePaths: host.autoRemove
      ? anonymousVolumes(record).map((name) => volumeDirectory(data, name))
      : [],
    populate: record.mounts.flatMap((mount) => planPopulation(data, mount, mounted)),
    ...planFileSystems(data, record),
    ...(record.mounts.some((mount) => mount.type !== 'tmpfs' && mount.chown)
      ? (await import('./given-mounts.ts')).planGifts(data, record, mounted)
      : {}),
    ...(mounted ? { atEnd: releaseCommand(data, mounted.ids) } : {}),
    user: config.user,
    groups: [...host.groupAdd, ...deviceGroups],
    ...planAccount(record),
    ...(donor ? { donor } : {}),
    ...(host.runtimeProgram === undefined ? {} : { runtime: host.runtimeProgram }),
    ...planCgroup(parent, host.cgroupParent),
    event: {
      image: record.image,
      attributes: eventAttributes(record),
      ...eventVolumes(record),
      ...eventCheck(config),
    },
    ...planEnd(record),
    ...(config.healthcheck && healthCommand(config)
      ? { health: planHealth(join(directory, HEALTH_CHECK), config.healthcheck) }
      : {}),
  }
}

/** What fills an empty volume: its own directory, the one that it binds, or the one that a plugin has mounted. */
function planPopulation(
  data: string,
  mount: MountPoint,
  mounted: PluginMounts | undefined,
): Plan['populate'] {
  if (mount.type !== 'volume' || !mount.copy) return []
  const { destination } = mount
  const own = volumeMount(mount.driverOptions)
  if (own && (own.type !== 'bind' || own.options.includes('ro'))) return []
  const files = mounted?.places.get(destination) ?? own?.source
  return [
    {
      volume: volumeDirectory(data, mount.name),
      destination,
      ...(files === undefined ? {} : { files }),
    },
  ]
}

/** Each once, however often the container has the volume. */
function planFileSystems(data: string, { mounts }: ContainerRecord): Pick<Plan, 'fileSystems'> {
  const found = new Map<string, NonNullable<Plan['fileSystems']>[number]>()
  for (const mount of mounts) {
    const own = mount.type === 'volume' ? volumeMount(mount.driverOptions) : undefined
    if (mount.type !== 'volume' || !own || own.type === 'bind') continue
    found.set(mount.name, { volume: volumeDirectory(data, mount.name), ...own })
  }
  return found.size > 0 ? { fileSystems: [...found.values()] } : {}
}

/** Names of volumes, and the drivers of those that plugins keep. */
function eventVolumes({
  mounts,
}: ContainerRecord): Pick<NonNullable<Plan['event']>, 'volumes' | 'drivers'> {
  const volumes = mounts.filter((mount) => mount.type === 'volume')
  const kept = volumes.flatMap(({ name, driver }) => (driver === undefined ? [] : [[name, driver]]))
  return {
    volumes: volumes.map(({ name }) => name),
    ...(kept.length > 0 ? { drivers: Object.fromEntries(kept) } : {}),
  }
}

/** This program, called by the monitor when the container is over. */
function releaseCommand(data: string, ids: string[]): string[] {
  const script = process.getBuiltinModule('node:sea').isSea() ? [] : process.argv.slice(1, 2)
  return [process.execPath, ...script, RELEASE_VERB, data, ...ids]
}

/** Where the container's ids are not the image's, fuse-overlayfs shows the files with other owners: none is copied. */
function shownOwners(
  engine: Engine,
  { host }: ContainerRecord,
): Pick<Plan['rootfs'], 'uidMapping' | 'gidMapping'> {
  const map = userMap(host.namespaces?.user, engine.idMap())
  if (!map.moved) return {}
  return { uidMapping: mappingOption(map.uids), gidMapping: mappingOption(map.gids) }
}

/** Below which cgroup the container's is made: of systemd a slice, else a directory of its own below the usual one. */
function planCgroup(
  parent: string | undefined,
  wanted: string | undefined,
): Pick<Plan, 'slice' | 'cgroupParent'> {
  if (wanted !== undefined && underSystemd()) return { slice: wanted }
  if (parent === undefined) return {}
  return { cgroupParent: wanted === undefined ? parent : join(parent, join('/', wanted)) }
}

/** Read anew at each start: the files change with the host's drivers. */
async function findEdits(requests: DeviceRequest[]): Promise<DeviceEdits> {
  const { resolveDevices } = await import('./cdi.ts')
  return resolveDevices(requests)
}

/** An exec request beside the plan: the monitor reads it for every check. */
const HEALTH_CHECK = 'health-check.json'

async function planLog(
  record: ContainerRecord,
  directory: string,
): Promise<Pick<Plan, 'log' | 'logging'>> {
  const path = join(directory, 'container.log')
  const logging = await planLogging(record, path)
  if (!logging) return {}
  return {
    ...(logging.driver === 'file' ? { log: path } : {}),
    logging,
  }
}

function planEnd(record: ContainerRecord): Pick<Plan, 'restart' | 'stopSignal'> {
  const { config, host } = record
  const { name: policy, maximumRetryCount: maximum } = host.restartPolicy ?? NO_RESTART
  return {
    restart: { policy, maximum },
    ...(config.stopSignal === undefined
      ? {}
      : { stopSignal: stopSignal(record.name, record, undefined) }),
  }
}

const NO_RESTART: RestartPolicy = { name: 'no', maximumRetryCount: 0 }

/** For every user of the container; the directory around it is closed to the host's. */
const SHARED = 0o644

/** What a client that was killed left; one that has just been written may be about to be read. */
const OLD = 60_000

function removeOldRequests(folder: string): void {
  for (const name of listNames(folder)) {
    const path = join(folder, name)
    const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs
    if (written !== undefined && written < Date.now() - OLD) rmSync(path, { force: true })
  }
}
