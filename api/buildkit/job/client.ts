import { rmSync } from 'node:fs'
import type { BuildClient } from '../../../lib/build/client.ts'
import { MAX_SECRET } from '../../../lib/build/spec/secret.ts'
import { DockerfileError } from '../../../lib/dockerfile/errors.ts'
import { type ForwardedAgent, openForwardedAgent } from '../session/agent.ts'
import { askSecret, hasAgent } from '../session/attached.ts'
import { receiveTree } from '../session/receive-tree.ts'
import type { ClientSession } from '../session/session.ts'

/** A client, as builds know those for whom they are made. Nothing of its secrets is kept. */
export class SessionClient implements BuildClient, Disposable {
  readonly directories: BuildClient['directories']
  readonly #session: ClientSession
  readonly #directory: string
  readonly #signal: AbortSignal
  readonly #agents = new Map<string, Promise<ForwardedAgent | undefined>>()

  /** `directory`: one of ours, for sockets. */
  constructor(
    session: ClientSession,
    directories: BuildClient['directories'],
    directory: string,
    signal: AbortSignal,
  ) {
    this.#session = session
    this.directories = directories
    this.#directory = directory
    this.#signal = signal
  }

  async secret(id: string): Promise<Buffer | undefined> {
    const secret = await askSecret(this.#session, id, this.#signal)
    if (secret && secret.length > MAX_SECRET) {
      throw new DockerfileError(`invalid secret size ${secret.length}`)
    }
    return secret
  }

  async agent(id: string): Promise<string | undefined> {
    const agent = this.#agents.get(id) ?? this.#open(id)
    this.#agents.set(id, agent)
    return (await agent)?.socket
  }

  async copy(wanted: Parameters<BuildClient['copy']>[0]): Promise<void> {
    await receiveTree(this.#session, wanted)
  }

  [Symbol.dispose](): void {
    for (const agent of this.#agents.values())
      void agent.then(
        (open) => open?.close(),
        () => undefined,
      )
    rmSync(this.#directory, { recursive: true, force: true })
  }

  async #open(id: string): Promise<ForwardedAgent | undefined> {
    if (!(await hasAgent(this.#session, id, this.#signal))) return undefined
    const name = `agent-${this.#agents.size}`
    return await openForwardedAgent(this.#session, id, this.#directory, name)
  }
}
