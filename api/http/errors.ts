import {
  type ErrorCode,
  isSystemError,
  LighterError,
  systemErrorText,
} from '../../lib/core/errors.ts'

/** An answer that is no success and comes from the API itself: a wrong request, or what Docker has a code of its own for. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.name = 'ApiError'
    this.status = status
  }
}

/** What a request has wrong. */
export const badRequest = (message: string): ApiError => new ApiError(400, message)

/** HTTP's code for each kind of failure, as Docker's daemon answers; those that are not here are 500. */
const STATUS: Partial<Record<ErrorCode, number>> = {
  usage: 400,
  'bad-reference': 400,
  'bad-image-name': 400,
  'bad-digest': 400,
  'bad-input': 400,
  'bad-platform': 400,
  'command-not-executable': 400,
  'command-not-found': 400,
  build: 400,
  'no-such-container': 404,
  'no-such-image': 404,
  'no-such-network': 404,
  'no-such-object': 404,
  'no-such-endpoint': 404,
  'no-such-plugin': 404,
  'no-such-volume': 404,
  'file-missing': 404,
  'registry-not-found': 404,
  conflict: 409,
  forbidden: 403,
  'no-swarm': 503,
  'not-running': 409,
  'removal-in-progress': 409,
  'already-running': 304,
}

export interface Failure {
  status: number
  message: string
}

/** The answer to a request that failed: Docker's code, and one sentence. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return { status: error.status, message: error.message }
  if (error instanceof LighterError) {
    const hint = error.hint === undefined ? '' : `\n${error.hint}`
    return { status: STATUS[error.code] ?? 500, message: `${error.message}${hint}` }
  }
  if (isSystemError(error)) return { status: 500, message: systemErrorText(error) }
  return { status: 500, message: error instanceof Error ? error.message : String(error) }
}

/** Whether it is a fault of this program, whose place is worth a line in the log. */
export const isFault = (error: unknown): boolean =>
  !(error instanceof ApiError || error instanceof LighterError || isSystemError(error))
