import type { ContainerId } from '../core/ids.ts'
import type { ProcessIdentity } from '../host/process.ts'
import type { Endpoint } from '../network/endpoint.ts'
import type { NetworkMode } from '../network/network.ts'
import type { RootfsDriver } from '../runtime/plan.ts'
import type { HostOptions, PortBinding } from './options.ts'
import type { Healthcheck, LogConfig, RestartPolicy } from './supervision.ts'

/** A mount as it was decided when the container was made. */
export type MountPoint =
  | {
      type: 'bind'
      source: string
      destination: string
      mode: string
      readOnly: boolean
      propagation: string
      recursive: boolean
      writableBelow?: boolean
      /** A source that has vanished is made again: of `-v`, not of `--mount`. */
      createSource?: boolean
      /** Given to the container's user at each start. */
      chown?: true
    }
  | {
      type: 'volume'
      name: string
      destination: string
      mode: string
      readOnly: boolean
      /** Made for this container: removed with it. */
      anonymous: boolean
      copy: boolean
      subpath?: string
      /** What the local driver mounts in the place of the volume's directory. */
      driverOptions?: Record<string, string>
      /** The plugin that keeps its files. */
      driver?: string
      /** Given to the container's user at each start. */
      chown?: true
    }
  | { type: 'tmpfs'; destination: string; readOnly: boolean; options: string[] }

/** What the process is: the image's configuration with the user's wishes applied. */
export interface ContainerConfig {
  hostname: string
  domainname?: string
  user: string
  attach: { stdin: boolean; stdout: boolean; stderr: boolean }
  tty: boolean
  openStdin: boolean
  stdinOnce: boolean
  env: string[]
  cmd: string[] | null
  entrypoint: string[] | null
  workingDir: string
  labels: Record<string, string>
  volumes: string[]
  exposedPorts: string[]
  stopSignal?: string
  stopTimeout?: number
  healthcheck?: Healthcheck
  /** What runs a health check that is one text; absent: `/bin/sh -c`. */
  shell?: string[]
}

/** How it is run here. */
export interface ContainerHostConfig extends HostOptions {
  networkMode: NetworkMode
  /** Published ports, as wished. */
  portBindings?: PortBinding[]
  autoRemove: boolean
  /** As written, for `inspect`. */
  binds: string[]
  tmpfs: Record<string, string>
  capAdd: string[]
  capDrop: string[]
  groupAdd: string[]
  privileged: boolean
  readonlyRootfs: boolean
  securityOpt: string[]
  init: boolean
  runtime: string
  /** Absolute path of another runtime program. */
  runtimeProgram?: string
  cidFile: string
  /** Absent: `no`. */
  restartPolicy?: RestartPolicy
  /** Absent: `json-file` without options. */
  logConfig?: LogConfig
  shmSize: number
  consoleSize: [number, number]
}

/** containers/<id>/container.json: everything that a start needs, so that it needs no image. */
export interface ContainerRecord {
  /** The process that makes and starts it in one go: with `autoRemove` it is garbage when that one died before. */
  starter?: ProcessIdentity
  version: 1
  id: ContainerId
  name: string
  createdAt: string
  /** `image` as the user wrote it; `layers` are directories below layers/, from the lowest up. */
  image: string
  imageId: string
  layers: string[]
  /** What the upper directory was written with: the drivers do not read each other's. */
  driver: RootfsDriver
  config: ContainerConfig
  host: ContainerHostConfig
  mounts: MountPoint[]
  /** The networks it is on, the first one's interface first; absent: what the network mode says. */
  networks?: Endpoint[]
}

/** The command line of the first process. */
export const commandOf = (record: ContainerRecord): string[] => [
  ...(record.config.entrypoint ?? []),
  ...(record.config.cmd ?? []),
]

/** A command line as Docker shows it: words with a blank in them are quoted, but for the first. */
export const commandText = ([path = '', ...args]: readonly string[]): string =>
  [path, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ')

/** Whether a mount comes from `--tmpfs`: Docker lists those of `--mount` among the mounts, and these among the settings only. */
export const isTmpfsFlag = ({ host }: ContainerRecord, mount: MountPoint): boolean =>
  mount.type === 'tmpfs' && mount.destination in host.tmpfs

/** Volumes of the local driver that live and die with the container. */
export const anonymousVolumes = (record: ContainerRecord): string[] =>
  anonymous(record).flatMap(({ name, driver }) => (driver === undefined ? [name] : []))

/** The same, of plugins. */
export const anonymousPluginVolumes = (record: ContainerRecord): string[] =>
  anonymous(record).flatMap(({ name, driver }) => (driver === undefined ? [] : [name]))

const anonymous = (record: ContainerRecord): Extract<MountPoint, { type: 'volume' }>[] =>
  record.mounts.flatMap((mount) => (mount.type === 'volume' && mount.anonymous ? [mount] : []))
