/** https://grpc.io/docs/guides/status-codes/ */
export const CODES = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const

/** What else there is to tell of a failure, for those who know its type. */
export interface StatusDetail {
  typeUrl: string
  value: Uint8Array
}

/** How a call failed. */
export class GrpcError extends Error {
  readonly code: number
  readonly details: readonly StatusDetail[]

  constructor(code: number, message: string, details: readonly StatusDetail[] = []) {
    super(message)
    this.name = 'GrpcError'
    this.code = code
    this.details = details
  }
}

/** A failure with a code by its name. */
export const grpcError = (code: keyof typeof CODES, message: string): GrpcError =>
  new GrpcError(CODES[code], message)

/** Whether a call failed for this reason. */
export const hasCode = (error: unknown, code: keyof typeof CODES): boolean =>
  error instanceof GrpcError && error.code === CODES[code]

/** A message as headers have it: what is not printable ASCII, and `%`, as `%XX`. */
export const encodeMessage = (text: string): string =>
  Buffer.from(text)
    .toString('latin1')
    .replace(
      /[^ -$&-~]/g,
      (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    )

/** The opposite; what was encoded badly is shown as it is. */
export function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
