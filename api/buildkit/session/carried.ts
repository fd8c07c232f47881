import { Duplex } from 'node:stream'
import type { GrpcCall } from '../grpc/server.ts'
import { bytesMessage } from '../wire/types.ts'
import { readFacts, type Sessions } from './session.ts'

/** A session whose connection is a call: clients that have no other way to us open it so. Returns when it is over. */
export async function carrySession(sessions: Sessions, call: GrpcCall): Promise<void> {
  const connection = new CallConnection(call)
  connection.on('error', () => undefined)
  call.signal.addEventListener('abort', () => connection.destroy(), { once: true })
  await sessions.run(readFacts(call.metadata), () => connection)
}

/** The bytes in the messages of a call. */
class CallConnection extends Duplex {
  readonly #call: GrpcCall
  readonly #messages: AsyncGenerator<Buffer>

  constructor(call: GrpcCall) {
    super()
    this.#call = call
    this.#messages = call.messages()
  }

  override _read(): void {
    void this.#messages.next().then(
      ({ value, done }) => this.push(done ? null : bytesMessage.decode(value).data),
      (error) => this.destroy(error),
    )
  }

  override _write(data: Buffer, _: BufferEncoding, done: (error?: Error) => void): void {
    this.#call.send(bytesMessage.encode({ data })).then(() => done(), done)
  }
}
