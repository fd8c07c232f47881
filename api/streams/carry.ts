import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { frameHeader, MAX_PAYLOAD } from '../../lib/runtime/control.ts'
import type { DetachKeys } from './detach-keys.ts'
import type { MonitorOutput } from './monitor-output.ts'
import { probing } from './presence.ts'

/** An attached client and the monitor that it is attached to. */
export interface Attachment {
  client: Duplex
  monitor: Socket
  output: MonitorOutput
  /** What the client sends is the container's standard input; otherwise it is read and dropped. */
  stdin: boolean
  tty: boolean
  /** The end of what the client sends ends the container's standard input, and does not detach the client. */
  closesStdin: boolean
  keys: DetachKeys | undefined
}

/** `broken`: the monitor went without a word. */
export type Ending = 'over' | 'detached' | 'gone' | 'broken'

/**
 * Carries bytes between a client and a monitor until either is done, none faster than the other side takes it. The client's end of the
 * connection is left as it is.
 */
export async function carry(attachment: Attachment): Promise<Ending> {
  const { client, monitor, output } = attachment
  const { promise, resolve } = Promise.withResolvers<Ending>()
  const onOutput = (chunk: Buffer) => {
    const bytes = output.take(chunk)
    if (bytes.length > 0 && !client.write(bytes)) monitor.pause()
    if (output.isOver) resolve('over')
  }
  const onDrain = () => monitor.resume()
  const onBroken = () => resolve('broken')
  const onGone = () => resolve('gone')
  monitor.on('data', onOutput)
  monitor.on('close', onBroken)
  monitor.on('error', onBroken)
  client.on('drain', onDrain)
  client.on('close', onGone)
  client.on('error', onGone)
  if (client.destroyed) onGone()
  const input = carryInput(attachment, resolve)
  try {
    return await promise
  } finally {
    input[Symbol.dispose]()
    client.off('drain', onDrain)
    client.off('close', onGone)
    monitor.off('data', onOutput)
    // Until they are closed either may still fail.
    monitor.destroy()
  }
}

/** The client's side of it, until what is returned is disposed of. */
function carryInput(
  { client, monitor, stdin, tty, closesStdin, keys }: Attachment,
  end: (ending: Ending) => void,
): Disposable {
  let unread: Disposable | undefined
  const onInput = (chunk: Buffer) => {
    if (!stdin) return
    const { bytes, isDetached } = keys?.filter(chunk) ?? { bytes: chunk, isDetached: false }
    if (!send(monitor, bytes)) {
      client.pause()
      unread ??= probing(client)
    }
    if (isDetached) end('detached')
  }
  const onEnd = () => {
    if (!stdin) return
    if (closesStdin && !tty) monitor.write(frameHeader('E', 0))
    // As Docker: whoever types no more does not look any more.
    else end('detached')
  }
  const onDrain = () => {
    unread?.[Symbol.dispose]()
    unread = undefined
    client.resume()
  }
  client.on('data', onInput)
  client.on('end', onEnd)
  monitor.on('drain', onDrain)
  if (client.readableEnded) onEnd()
  return {
    [Symbol.dispose]: () => {
      unread?.[Symbol.dispose]()
      client.off('data', onInput)
      client.off('end', onEnd)
      monitor.off('drain', onDrain)
    },
  }
}

/** The end of the service, or of the connection itself, is that of the stream. */
export function endWith(signal: AbortSignal, client: Duplex): void {
  const end = () => client.destroy()
  if (signal.aborted) end()
  signal.addEventListener('abort', end)
  client.once('close', () => signal.removeEventListener('abort', end))
}

/** Returns whether the monitor takes more at once. */
function send(monitor: Socket, bytes: Buffer): boolean {
  let takes = true
  monitor.cork()
  for (let start = 0; start < bytes.length; start += MAX_PAYLOAD) {
    const part = bytes.subarray(start, start + MAX_PAYLOAD)
    monitor.write(frameHeader('I', part.length))
    takes = monitor.write(part)
  }
  monitor.uncork()
  return takes
}

/** Ends the connection once all is sent; what the client may still send is not waited for. */
export async function closeClient(client: Duplex): Promise<void> {
  if (client.destroyed) return
  await new Promise<void>((resolve) => {
    client.once('close', resolve)
    client.end(() => resolve())
  })
  client.destroy()
}
