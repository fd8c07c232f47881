import { Readable } from 'node:stream'
import { bytesMessage } from '../wire/types.ts'
import type { ClientSession } from './session.ts'

const PULL = '/moby.upload.v1.Upload/Pull'

/** How a client names what it sends itself in the place of a URL. */
const OWN = /^https?:\/\/buildkit-session(\/.*)?$/

/** Whether a URL stands for what a client sends, its standard input for example. */
export const isUpload = (url: string): boolean => OWN.test(url)

/** What a client sends in the place of a URL. */
export function openUpload(session: ClientSession, url: string, signal: AbortSignal): Readable {
  const { host, pathname } = new URL(url)
  return Readable.from(
    (async function* () {
      using stream = session.grpc.open(PULL, {
        metadata: { urlhost: host, urlpath: pathname },
        signal,
      })
      stream.end()
      for await (const message of stream.messages()) yield bytesMessage.decode(message).data
    })(),
    { objectMode: false },
  )
}
