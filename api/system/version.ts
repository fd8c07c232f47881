import { engineVersion } from '../../lib/host/version.ts'
import type { Call } from '../http/call.ts'

/** `GET /version`: what the engine is, and of what it consists. */
export async function version({ reply }: Call): Promise<void> {
  reply.json(engineVersion())
}
