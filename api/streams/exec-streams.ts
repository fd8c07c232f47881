import type { Duplex, Readable } from 'node:stream'
import type { ExecProcess } from '../../lib/runtime/exec-process.ts'
import { noticeDeath, probing } from './presence.ts'
import { streamHeader } from './stream-frame.ts'

interface ExecClient {
  /** What the process writes reaches the client without frames. */
  isBare: boolean
  /** The process has a terminal. */
  tty: boolean
}

/**
 * Carries bytes between a client and a further process until that has ended or the client is gone, none faster than the other side takes
 * it. The process goes on without its client.
 */
export async function serveExec(
  client: Duplex,
  process: ExecProcess,
  { isBare, tty }: ExecClient,
): Promise<'over' | 'gone'> {
  const gone = Promise.withResolvers<'gone'>()
  const onGone = () => gone.resolve('gone')
  client.on('error', () => client.destroy())
  client.once('close', onGone)
  if (client.destroyed) onGone()
  noticeDeath(client)
  carryOutput(process.stdout, client, isBare ? undefined : 1)
  carryOutput(process.stderr, client, isBare ? undefined : 2)
  // As Docker: whoever types no more does not look any more.
  carryInput(client, process, tty ? onGone : undefined)
  const ending = await Promise.race([process.ended().then(() => 'over' as const), gone.promise])
  if (ending === 'gone') process.leave()
  client.off('close', onGone)
  return ending
}

/** `stream`: the number in its frames, `undefined` without them. */
function carryOutput(from: Readable | null, client: Duplex, stream: 1 | 2 | undefined): void {
  if (!from) return
  const onDrain = () => from.resume()
  from.on('data', (chunk: Buffer) => {
    if (client.destroyed) return
    client.cork()
    if (stream !== undefined) client.write(streamHeader(stream, chunk.length))
    const takes = client.write(chunk)
    client.uncork()
    if (!takes) from.pause()
  })
  client.on('drain', onDrain)
  from.once('close', () => client.off('drain', onDrain))
}

/** `onEnd`: what the end of what the client sends means, where it is not the end of the process's standard input. */
function carryInput(client: Duplex, process: ExecProcess, onEnd: (() => void) | undefined): void {
  const { stdin } = process
  let unread: Disposable | undefined
  const resume = () => {
    unread?.[Symbol.dispose]()
    unread = undefined
    client.resume()
  }
  client.on('data', (chunk: Buffer) => {
    if (!stdin?.writable || stdin.write(chunk)) return
    client.pause()
    unread ??= probing(client)
  })
  client.once('close', () => unread?.[Symbol.dispose]())
  stdin?.on('drain', resume)
  // It may end without reading.
  stdin?.on('close', resume)
  client.once('end', () => {
    if (!stdin) return
    if (onEnd) onEnd()
    else stdin.end()
  })
}
