/** What went wrong, for code that has to tell cases apart. Texts are for people, codes are for programs. */
export type ErrorCode =
  | 'usage'
  | 'bad-reference'
  /** A name that no image can have, where Docker's daemon is the one to say so. */
  | 'bad-image-name'
  | 'bad-digest'
  | 'bad-archive'
  | 'bad-input'
  | 'bad-platform'
  | 'no-such-container'
  | 'no-such-image'
  | 'damaged-image'
  | 'damaged-container'
  | 'no-such-network'
  | 'no-such-object'
  | 'no-such-endpoint'
  | 'no-such-plugin'
  | 'no-such-volume'
  | 'conflict'
  /** What nobody may do, whoever asks. */
  | 'forbidden'
  /** What an engine answers that is in no swarm. */
  | 'no-swarm'
  | 'not-running'
  | 'already-running'
  | 'start-failed'
  | 'file-missing'
  | 'changed-meanwhile'
  | 'removal-in-progress'
  | 'command-not-found'
  | 'command-not-executable'
  | 'registry-unreachable'
  | 'registry-denied'
  | 'registry-not-found'
  | 'registry-protocol'
  /** What ended a pull that had begun: Docker's client gets it at the end of an answer, and says it without words of its own. */
  | 'pull-ended'
  | 'digest-mismatch'
  | 'platform-mismatch'
  | 'no-space'
  | 'host-setup'
  | 'id-range'
  | 'unsupported'
  /** The signature policy, or content trust, does not let an image in. */
  | 'untrusted'
  | 'state-format'
  | 'plugin'
  | 'plugin-refused'
  | 'native'
  /** What a Dockerfile, a build context or a step of a build has wrong. */
  | 'build'

/**
 * An error with a cause outside this program: bad input, the host, a registry. Anything else that is thrown
 * is a fault of ours. The message is one sentence that names the object; the hint names the next step.
 * Credentials never enter either.
 */
export class LighterError extends Error {
  readonly code: ErrorCode
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, detail: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: detail.cause })
    this.name = 'LighterError'
    this.code = code
    this.hint = detail.hint
  }
}

/** Whether an unknown thrown value is a system error with this errno name, e.g. `ENOENT`. */
export function isErrno(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && 'code' in error && names.includes(String(error.code))
}

/** What Go programs call the errors of the kernel that users meet most; Node has other words for some. */
export const ERRNO_TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
  EMFILE: 'too many open files',
}

/** What the kernel refused, in the words of Go programs: `open /x: permission denied`. */
export function systemErrorText(error: unknown): string {
  if (!isSystemError(error)) return error instanceof Error ? error.message : String(error)
  const call = error.syscall === 'uv_cwd' ? 'getwd' : error.syscall
  const paths = [error.path, error.dest].filter((path) => path !== undefined)
  return `${[call, ...paths].join(' ')}: ${systemErrorReason(error)}`
}

/** Its last part alone, for a sentence that names the object already. */
export function systemErrorReason(error: Error & { code?: string | undefined }): string {
  const [, said = error.code] = /^E[A-Z0-9]+: ([^,]+)/.exec(error.message) ?? []
  return ERRNO_TEXTS[error.code ?? ''] ?? said ?? error.message
}

/** Whether the kernel refused something: no fault of this program. */
export const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { dest?: string } =>
  error instanceof Error && 'syscall' in error && typeof error.syscall === 'string'
