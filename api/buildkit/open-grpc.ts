import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { bridgeMethods } from './bridge.ts'
import { controlMethods } from './control.ts'
import { statusOf } from './failure.ts'
import { type Method, serveGrpc } from './grpc/server.ts'
import { unary } from './grpc/unary.ts'
import { stateOf } from './state.ts'
import { loadCodecs } from './wire/codec.ts'
import { empty, healthCheckResponse } from './wire/types.ts'

/** `POST /grpc`: BuildKit's own interface, on this connection for as long as it is open. */
export async function openGrpc(call: Call): Promise<void> {
  const { headers, reply, service } = call
  if (headers.upgrade?.toLowerCase() !== 'h2c') throw badRequest('no upgrade proto in request')
  await loadCodecs()
  const state = stateOf(service)
  const methods = new Map<string, Method>([
    ...controlMethods(service, state),
    ...bridgeMethods(service, state),
    ['/grpc.health.v1.Health/Check', unary(empty, healthCheckResponse, async () => SERVING)],
  ])
  const connection = reply.hijack('', 'h2c')
  call.signal.addEventListener('abort', () => connection.destroy(), { once: true })
  await serveGrpc(
    connection,
    (path) => methods.get(path),
    (error) => statusOf(error, service),
  )
}

const SERVING = { status: 1 }
