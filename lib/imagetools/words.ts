import { LighterError } from '../core/errors.ts'
import { formatReference, type Reference, withDefaultTag } from '../oci/reference.ts'
import { NO_CREDENTIALS } from '../registry/session.ts'

const FAILED = `authorization failed: ${NO_CREDENTIALS}`

/** What buildx says of a reference that cannot be fetched. */
export function pullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof LighterError)) return error
  const { code, message } = error
  if (code === 'registry-not-found') {
    const name = formatReference(withDefaultTag(reference))
    return new LighterError(code, `${name}: not found`, { cause: error })
  }
  if (code !== 'registry-denied') return requestError(error)
  const said = message.endsWith(NO_CREDENTIALS) ? FAILED : `server message: ${message}`
  return new LighterError(
    code,
    `pull access denied, repository does not exist or may require authorization: ${said}`,
    { cause: error },
  )
}

/** What it says of what cannot be pushed. */
export function pushError(error: unknown): unknown {
  if (!(error instanceof LighterError)) return error
  const { code, message } = error
  if (code !== 'registry-denied' || message !== NO_CREDENTIALS) return requestError(error)
  return new LighterError(code, FAILED, { cause: error })
}

/** What it says of a registry that cannot be reached. */
export function requestError(error: unknown): unknown {
  if (!(error instanceof LighterError)) return error
  const isAway = error.code === 'registry-unreachable' && error.cause !== undefined
  if (!isAway || error.message.startsWith('failed to do request')) return error
  return new LighterError(error.code, `failed to do request: ${error.message}`, { cause: error })
}
