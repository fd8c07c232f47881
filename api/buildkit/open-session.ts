import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { readFacts } from './session/session.ts'
import { stateOf } from './state.ts'
import { loadCodecs } from './wire/codec.ts'

/** `POST /session`: the client answers on this connection for as long as it is open. */
export async function openSession({ headers, reply, service, signal }: Call): Promise<void> {
  if (headers.upgrade?.toLowerCase() !== 'h2c') throw badRequest('no upgrade proto in request')
  const facts = readFacts(headers)
  await loadCodecs()
  await stateOf(service).sessions.run(facts, () => {
    const connection = reply.hijack('', 'h2c')
    signal.addEventListener('abort', () => connection.destroy(), { once: true })
    return connection
  })
}
