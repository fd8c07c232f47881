import { LighterError } from '../core/errors.ts'
import { formatReference, type Reference } from '../oci/reference.ts'
import { NO_CREDENTIALS } from '../registry/session.ts'

const PINGING = 'failed to configure transport: error pinging v2 registry'

/** What `manifest` says of a reference that a registry does not give: Docker's client does not tell missing from forbidden. */
export function missingError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof LighterError)) return error
  const isRefusal = error.code === 'registry-denied' && !error.message.endsWith(NO_CREDENTIALS)
  if (error.code !== 'registry-not-found' && !isRefusal) return pingError(error)
  return new LighterError('registry-not-found', `no such manifest: ${formatReference(reference)}`, {
    cause: error,
    ...(isRefusal ? { hint: `The registry says: ${error.message}` } : {}),
  })
}

/** What it says of a registry that cannot be reached. */
export function pingError(error: unknown): unknown {
  if (!(error instanceof LighterError)) return error
  if (error.code !== 'registry-unreachable' || error.cause === undefined) return error
  if (error.message.startsWith(PINGING)) return error
  return new LighterError(error.code, `${PINGING}: ${error.message}`, { cause: error })
}

/** What is not among the lists kept here. */
export const noLocalManifest = (reference: Reference): LighterError =>
  new LighterError('registry-not-found', `No such manifest: ${formatReference(reference)}`)
