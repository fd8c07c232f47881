import { isErrno, systemErrorText } from '../core/errors.ts'
import { DockerfileError } from '../dockerfile/errors.ts'
import type { Engine } from '../engine.ts'
import { readSmallFile } from '../fs/read.ts'
import type { BuildOptions, SecretSource } from './options.ts'
import type { RunSession } from './run/session.ts'
import type { StepSurroundings } from './solver/execute-run.ts'
import { MAX_SECRET } from './spec/secret.ts'

/** What steps get from the caller, found when one of them wants it. `close` ends the agents that serve keys. */
export type OpenSurroundings = StepSurroundings & { close(): Promise<void> }

/** What a build's steps may ask for. */
export function openSurroundings(engine: Engine, options: BuildOptions): OpenSurroundings {
  let session: RunSession | undefined
  const agents = new Map<string, Promise<{ socket: string; close(): void }>>()
  const openAgent = async (id: string): Promise<string | undefined> => {
    if (options.client) return await options.client.agent(id)
    const source = options.ssh.find((one) => one.id === id)
    if (!source) return undefined
    const { openAgent: open } = await import('./run/ssh.ts')
    const agent = agents.get(id) ?? open(source, options.environment)
    agents.set(id, agent)
    return (await agent).socket
  }
  return {
    secret: async (id) => {
      if (options.client) return await options.client.secret(id)
      const source = options.secrets.find((one) => one.id === id)
      return source && readSecret(source, options.environment)
    },
    agent: openAgent,
    run: async (request) => {
      const [{ runStep }, { openRunSession }] = await Promise.all([
        import('./run/run.ts'),
        import('./run/session.ts'),
      ])
      // What all steps share stays between them.
      session ??= openRunSession(engine)
      return await runStep(engine, request)
    },
    close: async () => {
      await session?.close()
      for (const agent of await Promise.allSettled(agents.values()))
        if (agent.status === 'fulfilled') agent.value.close()
    },
  }
}

function readSecret(
  source: SecretSource,
  environment: Readonly<Record<string, string | undefined>>,
): Buffer | undefined {
  if ('env' in source) {
    const value = environment[source.env]
    return value === undefined ? undefined : Buffer.from(value)
  }
  try {
    return readSmallFile(source.file, MAX_SECRET)
  } catch (error) {
    if (!isErrno(error, 'EACCES', 'EISDIR', 'EPERM')) throw error
    throw new DockerfileError(`secret ${source.id}: ${systemErrorText(error as Error)}`)
  }
}
