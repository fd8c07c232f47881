import { LighterError } from '../../lib/core/errors.ts'
import { DockerfileError } from '../../lib/dockerfile/errors.ts'
import type { Service } from '../http/call.ts'
import { isFault } from '../http/errors.ts'
import { CODES, GrpcError, type StatusDetail } from './grpc/status.ts'

/** BuildKit's name for where in a file something went wrong; its value is JSON. */
const SOURCE = 'github.com/moby/buildkit/errdefs.Source+json'

/** How a call ended that has thrown this: a sentence, and for clients that show them the lines of the Dockerfile. */
export function statusOf(error: unknown, service: Service): GrpcError {
  if (error instanceof GrpcError) return error
  if (error instanceof Error && error.name === 'AbortError') {
    return new GrpcError(CODES.CANCELLED, 'context canceled')
  }
  if (isFault(error)) service.log(error instanceof Error ? (error.stack ?? '') : String(error))
  if (!(error instanceof LighterError)) {
    return new GrpcError(CODES.UNKNOWN, error instanceof Error ? error.message : String(error))
  }
  const hint = error.hint === undefined ? '' : `\n${error.hint}`
  const details = error instanceof DockerfileError ? sourceOf(error) : []
  return new GrpcError(CODES.UNKNOWN, `${error.message}${hint}`, details)
}

function sourceOf({ source, location }: DockerfileError): StatusDetail[] {
  if (!source || !location) return []
  const { start, end } = location
  const value = {
    info: {
      filename: source.name,
      data: Buffer.from(source.lines.join('\n')).toString('base64'),
      language: 'Dockerfile',
    },
    ranges: [{ start: { line: start }, end: { line: end } }],
  }
  return [{ typeUrl: SOURCE, value: Buffer.from(JSON.stringify(value)) }]
}
