import type { Digest } from '../../core/ids.ts'
import type { FileOrigin } from '../files.ts'

export interface HostEntry {
  name: string
  address: string
}

/** What a step sees beside its root filesystem. Targets are absolute and free of `..`. */
export type RunMount =
  | {
      type: 'bind'
      origin: FileOrigin
      /** Below the origin, resolved inside of it. */
      source: string
      target: string
      /** What is written is thrown away. */
      writable: boolean
    }
  | {
      type: 'cache'
      /** Names the directory; whatever the user wrote. */
      id: string
      sharing: 'shared' | 'private' | 'locked'
      /** What it is filled with at first. */
      from: FileOrigin | undefined
      source: string
      target: string
      readOnly: boolean
      uid: number
      gid: number
      mode: number
    }
  | { type: 'tmpfs'; target: string /** Bytes; 0: no limit. */; size: number }
  | {
      type: 'secret'
      content: Buffer
      /** Where the file is; `undefined`: only in the variable. */
      target: string | undefined
      variable: string | undefined
      uid: number
      gid: number
      mode: number
    }
  | {
      type: 'ssh'
      /** Of the host's agent. */
      socket: string
      target: string
      uid: number
      gid: number
      mode: number
    }

/** One RUN. */
export interface RunRequest {
  /** Root filesystem below the step, the lowest layer first. */
  layers: readonly Digest[]
  /** An empty directory of the caller's, on the file system of the store: what the step changes is in `upper` afterwards. */
  directory: string
  args: readonly string[]
  env: readonly string[]
  cwd: string
  user: string
  network: 'default' | 'none' | 'host'
  security: 'sandbox' | 'insecure'
  hosts: readonly HostEntry[]
  /** Bytes; 0: the default. */
  shmSize: number
  ulimits: readonly { name: string; soft: number; hard: number }[]
  cgroupParent: string | undefined
  mounts: readonly RunMount[]
  /** `undefined`: the host's. A foreign one needs binfmt_misc. */
  platform: string
  onOutput(stream: 'stdout' | 'stderr', bytes: Buffer): void
  signal: AbortSignal
}

/** `signal`: of the process, 0 when it exited by itself. */
export interface RunOutcome {
  exitCode: number
  signal: number
  oomKilled: boolean
  /** Directory of what changed. */
  upper: string
  /**
   * Paths in the root filesystem that were made as places of mounts: no part of what the step changed as long as they are an empty file
   * or directory. One that is below another comes after it.
   */
  placeholders: string[]
}
