import type { Root, Type } from 'protobufjs'
import { grpcError } from '../grpc/status.ts'
import { MESSAGES } from './messages.ts'
import { describeMessages } from './notation.ts'

/** One kind of message. */
export interface Codec<Message> {
  encode(message: Partial<Message>): Buffer
  /** Fields that are not there are empty. Throws `GrpcError` for bytes that are no such message. */
  decode(bytes: Uint8Array): Message
}

let root: Root | undefined

/** Loads what messages need. Has to be over before one is read or written. */
export async function loadCodecs(): Promise<void> {
  if (root) return
  const library = await import('protobufjs')
  const { Root: RootClass } = library.default ?? library
  root = RootClass.fromJSON(describeMessages(MESSAGES)).resolveAll() as Root
}

/** The codec of a kind of message by its name in `MESSAGES`. */
export function codecOf<Message extends object>(name: string): Codec<Message> {
  let known: Type | undefined
  const type = (): Type => {
    if (!root) throw new Error('messages are not loaded')
    known ??= root.lookupType(name)
    return known
  }
  return {
    encode: (message) =>
      Buffer.from(
        type()
          .encode(message as Record<string, unknown>)
          .finish(),
      ),
    decode: (bytes) => {
      try {
        const decoded = type().decode(bytes)
        return type().toObject(decoded, PLAIN) as Message
      } catch (error) {
        throw grpcError(
          'INTERNAL',
          `grpc: error unmarshalling request: ${(error as Error).message}`,
        )
      }
    },
  }
}

/** Lists, maps and texts are there even when they are empty; messages within are not. Whole numbers are JavaScript's. */
const PLAIN = { defaults: true, arrays: true, objects: true, longs: Number } as const
