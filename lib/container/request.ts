import type { Endpoint } from '../network/endpoint.ts'
import type { MountRequest } from './mount-request.ts'
import type { HostOptions, PortBinding } from './options.ts'
import type { Healthcheck, LogConfig, RestartPolicy } from './supervision.ts'

/** How a container is connected. */
export interface Connections {
  /** As `--network` names it. */
  mode: string
  /** On several networks, on one of the user's, or with wishes for the default one. */
  networks?: Endpoint[]
  /** `80/tcp` */
  exposed: string[]
  published: PortBinding[]
  /** What was asked for and is left out. */
  warning?: string
}

/** What the user asked for, values parsed and checked on their own; nothing of the image is in it yet. */
export interface CreateRequest {
  /** As written. */
  image: string
  command: string[]
  name: string | undefined
  /** `undefined`: the image's; `[]`: none; `['']`: none, and not the image's command either. */
  entrypoint: string[] | undefined
  /** `NAME=value`; a name alone takes the variable away. */
  env: string[]
  labels: Record<string, string>
  user: string | undefined
  groups: string[]
  workingDir: string | undefined
  hostname: string | undefined
  tty: boolean
  openStdin: boolean
  attach: { stdin: boolean; stdout: boolean; stderr: boolean }
  /** Whether its input ends with the first client's; absent: where a client is attached to it. */
  stdinOnce?: boolean
  autoRemove: boolean
  /** The same process starts it (`run`). */
  startsAtOnce: boolean
  binds: string[]
  mounts: MountRequest[]
  tmpfs: Record<string, string>
  connections: Connections
  domainname: string | undefined
  options: HostOptions
  init: boolean
  readOnly: boolean
  privileged: boolean
  capAdd: string[]
  capDrop: string[]
  /** With the text of a seccomp profile in place of its file name. */
  securityOpt: string[]
  stopSignal: string | undefined
  stopTimeout: number | undefined
  runtime: string | undefined
  cidFile: string | undefined
  noHealthcheck: boolean
  /** What runs health checks that are one text; absent: `/bin/sh -c`. */
  shell?: string[]
  /** What the flags say about it, over the image's. */
  health?: Partial<Healthcheck>
  restart?: RestartPolicy
  log?: LogConfig
  /** Rows and columns; `[0, 0]` without a terminal. */
  consoleSize: [number, number]
}
