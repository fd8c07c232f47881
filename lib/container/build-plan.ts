import { join } from 'node:path'
import { RELEASE_VERB, TIME_LIMIT } from '../core/release-verb.ts'
import type { Engine } from '../engine.ts'
import { ownCommand } from '../host/own-command.ts'
import { effectiveMode, planNetwork } from '../network/network.ts'
import type { Plan } from '../runtime/plan.ts'
import { volumeMount } from '../volume/options.ts'
import { volumeDirectory } from '../volume/volume.ts'
import { planAccount } from './account.ts'
import type { Container } from './catalog.ts'
import { planBridges } from './endpoints.ts'
import { eventAttributes } from './events.ts'
import { eventCheck, healthCommand, planHealth } from './health.ts'
import { planLogging } from './log-config.ts'
import { nameClaim } from './names.ts'
import { planCgroup } from './plan-cgroup.ts'
import { anonymousVolumes, type ContainerRecord, type MountPoint } from './record.ts'
import { findDriver, lowerDirectories, makeEmptyLayer } from './rootfs.ts'
import type { SharedNamespaces } from './sharing.ts'
import { stopSignal } from './signals.ts'
import type { RestartPolicy } from './supervision.ts'
import { splitSysctls } from './sysctls.ts'
import { mappingOption, userMap } from './user-map.ts'
import type { PluginMounts } from './volume-mounts.ts'

/** An exec request beside the plan: the monitor reads it for every check. */
export const HEALTH_CHECK = 'health-check.json'

/** What the monitor is told of a container: its root filesystem, networks, streams, volumes and its end. */
export async function buildPlan(
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
  return {
    version: 1,
    id: record.id,
    dataDir: data,
    runtimeDir: runtime,
    idMap: engine.idMap(),
    rootfs: {
      ...(await findDriver(engine, record.driver)),
      lower:
        record.layers.length > 0 ? lowerDirectories(engine, record) : makeEmptyLayer(directory),
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
        hosts: {
          hostsFile: join(directory, 'hosts'),
          hostsNames: config.domainname
            ? `${config.hostname}.${config.domainname} ${config.hostname}`
            : config.hostname,
        },
        ...(host.sysctls ? { sysctls: splitSysctls(record).connected } : {}),
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
    ...(mounted ? { atEnd: releaseCommand(data, mounted) } : {}),
    user: config.user,
    groups: [...host.groupAdd, ...deviceGroups],
    ...planAccount(record),
    ...(donor ? { donor } : {}),
    ...(host.runtimeProgram === undefined ? {} : { runtime: host.runtimeProgram }),
    ...planCgroup(host.cgroupParent, host.runtimeProgram === undefined),
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
function releaseCommand(data: string, { ids, timeLimit }: PluginMounts): string[] {
  return [...ownCommand(), RELEASE_VERB, data, `${TIME_LIMIT}${timeLimit}`, ...ids]
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
