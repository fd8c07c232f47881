import { closeSync, openSync } from 'node:fs'
import { createConnection, createServer, type Socket } from 'node:net'
import { join } from 'node:path'

/** What stands for an agent of the host in a step. */
export interface AgentProxy {
  /** The socket. */
  path: string
  close(): void
}

/** https://datatracker.ietf.org/doc/html/draft-ietf-sshm-ssh-agent, "Protocol numbers" */
const FAILURE = 5
const REQUEST_IDENTITIES = 11
const SIGN_REQUEST = 13

/** What agents take. */
const MAX_MESSAGE = 256 * 1024

/**
 * Makes a socket in `directory` behind which the agent lists and uses its keys, and nothing else: a step must not take keys from it,
 * give it others, or lock it.
 */
export async function forwardAgent(socket: string, directory: string): Promise<AgentProxy> {
  // The address of a socket is short; by the descriptor every directory can be in it.
  const fd = openSync(directory, 'r')
  const open = new Set<Socket>()
  const server = createServer((client) => {
    const agent = createConnection(socket)
    for (const end of [client, agent]) {
      open.add(end)
      end.on('error', () => undefined)
      end.on('close', () => {
        open.delete(end)
        client.destroy()
        agent.destroy()
      })
    }
    agent.pipe(client)
    filter(client, agent)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(`/proc/self/fd/${fd}/agent`, () => resolve())
  }).finally(() => closeSync(fd))
  return {
    path: join(directory, 'agent'),
    close: () => {
      server.close()
      for (const end of open) end.destroy()
    },
  }
}

/** Passes on whole messages that an agent answers without changing anything. A refusal must not overtake an answer: it ends the talk. */
function filter(client: Socket, agent: Socket): void {
  let waiting = Buffer.alloc(0)
  client.on('data', (chunk: Buffer) => {
    waiting = Buffer.concat([waiting, chunk])
    while (waiting.length >= 5) {
      const length = waiting.readUInt32BE(0)
      if (length === 0 || length > MAX_MESSAGE) return void client.destroy()
      if (waiting.length < 4 + length) return
      const message = waiting.subarray(0, 4 + length)
      waiting = waiting.subarray(4 + length)
      const type = message[4]
      if (type === REQUEST_IDENTITIES || type === SIGN_REQUEST) agent.write(message)
      else client.write(Buffer.from([0, 0, 0, 1, FAILURE]))
    }
  })
}
