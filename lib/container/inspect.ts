import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { shortInstant } from '../core/instant.ts'
import { sortMembers } from '../core/labels.ts'
import { type ImageStores, layerTree } from '../store/shared.ts'
import { volumeData } from '../volume/volume.ts'
import type { ContainerWithState } from './catalog.ts'
import { runningExecs } from './exec-ids.ts'
import { inspectHealthcheck, readHealth } from './health.ts'
import { inspectHost } from './inspect-host.ts'
import { inspectNetworks } from './inspect-networks.ts'
import { type ContainerRecord, commandOf, isTmpfsFlag, type MountPoint } from './record.ts'
import { ownerOfFiles } from './sharing.ts'
import type { ContainerSize } from './size.ts'
import { type ContainerState, isLive } from './state.ts'

type Document = Record<string, unknown>

const NEVER = '0001-01-01T00:00:00Z'

/** The document that `inspect` shows for a container, in the shape of Docker 26. */
export function inspectContainer(stores: ImageStores, container: ContainerWithState): Document {
  const data = stores.own
  const { record, directory, state } = container
  const [path = '', ...args] = commandOf(record)
  const files = ownerOfFiles(data, container).directory
  return {
    Id: record.id,
    Created: shortInstant(record.createdAt),
    Path: path,
    Args: args,
    State: inspectState(state, readHealth(container)),
    Image: record.imageId,
    ...inspectFiles(record, directory, files),
    Name: `/${record.name}`,
    RestartCount: state.status === 'created' ? 0 : state.restartCount,
    Driver: driverName(record),
    Platform: 'linux',
    MountLabel: '',
    ProcessLabel: '',
    AppArmorProfile: '',
    ExecIDs: state.status === 'running' ? runningExecs(directory) : null,
    HostConfig: inspectHost(record),
    GraphDriver: {
      Data: {
        LowerDir: record.layers
          .map((name) => layerTree(stores, name))
          .reverse()
          .join(':'),
        MergedDir: join(directory, 'bundle/rootfs'),
        UpperDir: join(directory, 'upper'),
        WorkDir: join(directory, 'work'),
      },
      Name: driverName(record),
    },
    Mounts: inspectMounts(data, record),
    Config: inspectConfig(record),
    NetworkSettings: inspectNetworks(data, record, state),
  }
}

/** The document with what was measured in its place. */
export function withSizes(document: Document, { own, total }: ContainerSize): Document {
  const sizes = { SizeRw: own, SizeRootFs: total }
  return Object.fromEntries(
    Object.entries(document).flatMap((entry) =>
      entry[0] === 'GraphDriver' ? [entry, ...Object.entries(sizes)] : [entry],
    ),
  )
}

/** The first start makes them: before it Docker knows no paths either. `shared`: who shares a network shares its files. */
function inspectFiles({ host }: ContainerRecord, directory: string, shared: string): Document {
  const wasStarted = existsSync(join(directory, 'bundle/config.json'))
  const path = (name: string): string => (wasStarted ? join(shared, name) : '')
  const isFile = (host.logConfig?.type ?? 'json-file') === 'json-file'
  return {
    ResolvConfPath: path('resolv.conf'),
    HostnamePath: path('hostname'),
    HostsPath: path('hosts'),
    LogPath: wasStarted && isFile ? join(directory, 'container.log') : '',
  }
}

const driverName = ({ driver }: ContainerRecord): string =>
  driver === 'overlay' ? 'overlay2' : driver

function inspectState(state: ContainerState, health: Document | undefined): Document {
  const paused = state.status === 'running' && state.paused
  return {
    Status: paused ? 'paused' : state.status,
    Running: isLive(state),
    Paused: paused,
    Restarting: state.status === 'restarting',
    OOMKilled: state.status !== 'created' && state.oomKilled,
    Dead: false,
    Pid: state.status === 'running' ? state.process.pid : 0,
    ExitCode: state.status === 'running' ? 0 : (state.exitCode ?? 0),
    Error: state.status === 'running' ? '' : (state.error ?? ''),
    StartedAt: state.status === 'created' ? NEVER : shortInstant(state.startedAt),
    FinishedAt: state.status === 'created' ? NEVER : shortInstant(state.finishedAt ?? NEVER),
    ...(health ? { Health: health } : {}),
  }
}

/** `Mounts` of the document: those of `--tmpfs` stand among the settings only. */
export const inspectMounts = (data: string, record: ContainerRecord): Document[] =>
  record.mounts
    .filter((mount) => !isTmpfsFlag(record, mount))
    .map((mount) => inspectMount(data, mount))

function inspectMount(data: string, mount: MountPoint): Document {
  const named =
    mount.type === 'volume'
      ? { Name: mount.name, Source: mount.driver ? '' : volumeData(data, mount.name) }
      : { Source: mount.type === 'bind' ? mount.source : '' }
  return {
    Type: mount.type,
    ...named,
    Destination: mount.destination,
    ...(mount.type === 'volume' ? { Driver: mount.driver ?? 'local' } : {}),
    Mode: mount.type === 'tmpfs' ? '' : mount.mode,
    RW: !mount.readOnly,
    Propagation: mount.type === 'bind' ? mount.propagation : '',
  }
}

/** `Config` of the document, which an image made of the container gets too. */
export function inspectConfig({ config, image, networks }: ContainerRecord): Document {
  const mac = networks?.[0]?.mac
  const set = (keys: string[]): Document | null =>
    keys.length > 0 ? sortMembers(Object.fromEntries(keys.map((key) => [key, {}]))) : null
  return {
    Hostname: config.hostname,
    Domainname: config.domainname ?? '',
    User: config.user,
    AttachStdin: config.attach.stdin,
    AttachStdout: config.attach.stdout,
    AttachStderr: config.attach.stderr,
    ...(config.exposedPorts.length > 0 ? { ExposedPorts: set(config.exposedPorts) } : {}),
    Tty: config.tty,
    OpenStdin: config.openStdin,
    StdinOnce: config.stdinOnce,
    Env: config.env.length > 0 ? config.env : null,
    Cmd: config.cmd,
    ...(config.healthcheck ? { Healthcheck: inspectHealthcheck(config.healthcheck) } : {}),
    Image: image,
    Volumes: set(config.volumes),
    WorkingDir: config.workingDir,
    Entrypoint: config.entrypoint,
    ...(mac === undefined ? {} : { MacAddress: mac }),
    OnBuild: null,
    Labels: sortMembers(config.labels),
    ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
    ...(config.stopTimeout === undefined ? {} : { StopTimeout: config.stopTimeout }),
    ...(config.shell === undefined ? {} : { Shell: config.shell }),
  }
}
