import { collectInfo } from '../../lib/housekeeping/info.ts'
import { infoDocument } from '../../lib/housekeeping/info-document.ts'
import type { Call } from '../http/call.ts'

/** `GET /info`: the host and what the engine can do on it. */
export async function info({ engine, reply }: Call): Promise<void> {
  reply.json(infoDocument(await collectInfo(engine, false)))
}
