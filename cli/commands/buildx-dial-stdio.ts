import { LighterError } from '../../lib/core/errors.ts'

/** `buildx dial-stdio`: it would connect to BuildKit's daemon. */
export async function run(): Promise<number> {
  throw new LighterError(
    'usage',
    'ERROR: dial-stdio: there is no BuildKit daemon to connect to; builds run in this very session',
  )
}
