import type { Codec } from '../wire/codec.ts'
import type { GrpcCall, Method } from './server.ts'
import { grpcError } from './status.ts'

/** A method with one message in, and one out. */
export const unary =
  <In, Out>(
    input: Codec<In>,
    output: Codec<Out>,
    work: (message: In, call: GrpcCall) => Promise<Partial<Out>>,
  ): Method =>
  async (call) => {
    const answer = await work(await firstMessage(input, call), call)
    await call.send(output.encode(answer))
  }

/** A method with one message in, and any number out, which `work` sends. */
export const serverStream =
  <In, Out>(
    input: Codec<In>,
    output: Codec<Out>,
    work: (
      message: In,
      call: GrpcCall,
      send: (message: Partial<Out>) => Promise<void>,
    ) => Promise<void>,
  ): Method =>
  async (call) =>
    await work(await firstMessage(input, call), call, (message) =>
      call.send(output.encode(message)),
    )

async function firstMessage<In>(input: Codec<In>, call: GrpcCall): Promise<In> {
  const { value, done } = await call.messages().next()
  if (done) throw grpcError('INTERNAL', 'a call without a message')
  return input.decode(value)
}
