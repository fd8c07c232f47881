import type { Call } from '../http/call.ts'

/** `GET /_ping`, `HEAD /_ping`: whether somebody answers, and which builder is the usual one, in the headers. */
export async function ping({ reply }: Call): Promise<void> {
  reply.header('Cache-Control', 'no-cache, no-store, must-revalidate')
  reply.header('Pragma', 'no-cache')
  reply.header('Builder-Version', '2')
  reply.header('Swarm', 'inactive')
  reply.text('OK')
}
