import { ApiError } from '../http/errors.ts'

/** `/containers/{id}/checkpoints`: as an engine says that was not started in experimental mode. Throws 501. */
export async function refuseCheckpoints(): Promise<void> {
  throw new ApiError(
    501,
    'This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to enable it.',
  )
}
