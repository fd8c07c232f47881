/** Mirror of native/src/fail.h and of the report lines in docs/native-protocol.md. */
export type NativeFailureKind =
  | 'setup'
  | 'not-found'
  | 'not-executable'
  | 'bad-input'
  | 'no-user'
  | 'already'
  | 'unsupported'
  | 'no-space'
  | 'id-range'
  | 'ended'
  | 'stale'

export type NativeReport =
  | { event: 'started'; pid: number }
  | { event: 'failed'; kind: NativeFailureKind; step: string; errno: number; message: string }
  | { event: 'exited'; exitCode: number; signal: number; oomKilled: boolean }
  | { event: 'done' }
  | { event: 'moved'; index: number }
  | { event: 'applied'; diffId: string; bytes: number; entries: number }
  | { event: 'digested'; index: number; digest: string; message: string }
  | { event: 'readers'; present: boolean }
  | {
      event: 'status'
      mode: number
      size: number
      seconds: number
      nanoseconds: number
      target: string
    }
  | { event: 'ready' }
  | { event: 'measured'; path: string; bytes: number }
  | {
      event: 'sealed'
      diffId: string
      bytes: number
      entries: number
      size: number
      isExpected: boolean
    }
  | { event: 'copied'; bytes: number; entries: number }
  | { event: 'peer'; uid: number; pid: number }
  | { event: 'probed'; check: string; ok: boolean; message: string }

/** Id map of the shared user namespace, as `--id-map` and plan.json carry it. */
export interface IdMap {
  /** `[inside, outside, count]`, first extent `[0, <own uid>, 1]`. */
  uids: [number, number, number][]
  gids: [number, number, number][]
  /** Absolute paths; absent when the map can be written directly. */
  newuidmap?: string
  newgidmap?: string
}

/** A process that cannot be confused with a later one of the same pid. */
export interface ProcessIdentity {
  pid: number
  /** Clock ticks since boot, as text: field 22 of /proc/PID/stat. */
  startTime: string
  bootId: string
}
