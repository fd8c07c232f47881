import { mkdirSync, rmSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { newContainerId } from '../../core/ids.ts'
import { lazyChildProcess } from '../../core/lazy.ts'
import type { Engine } from '../../engine.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { writeNewFile } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import type { NetworkPlan, Plan } from '../../runtime/plan.ts'
import { stepNetwork } from './step-plan.ts'

/** What stays between the steps of a build. */
export interface RunSession {
  /** Resolves when it is there, or cannot be; no step need wait for it. */
  ready: Promise<void>
  /** Lets go of it; resolves when it is gone. */
  close(): Promise<void>
}

/**
 * Keeps the namespaces and the way out that all containers share while a build lasts: they would come and go with each step else, which
 * takes much longer than the step's start. A process of the native program holds them, and ends with this one. Where they cannot be
 * had, the step that needs them says why.
 */
export function openRunSession(engine: Engine): RunSession {
  const draft = makeDraft(engine.paths.data, ownIdentity())
  writeNewFile(join(draft, 'plan.json'), JSON.stringify(sessionPlan(engine, draft)))
  const child = lazyChildProcess().spawn(engine.native().program, ['lend', '--container', draft], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => undefined)
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.on('close', () => resolve())
  })
  const said = new Promise<void>((resolve) => child.stdout.once('data', () => resolve()))
  // Pipes are sockets, which Node's types do not say.
  const parts = [child, child.stdin as Socket, child.stdout as unknown as Socket]
  const ready = Promise.race([said, ended]).then(() => {
    rmSync(draft, { recursive: true, force: true })
    // Who forgets to close it is not kept from ending.
    for (const part of parts) part.unref()
  })
  return {
    ready,
    close: async () => {
      await ready
      for (const part of parts) part.ref()
      child.stdin.end()
      await ended
    },
  }
}

/** No root filesystem is ever mounted of this one. */
function sessionPlan(engine: Engine, draft: string): Plan {
  const nowhere = join(draft, 'nowhere')
  mkdirSync(nowhere)
  return {
    version: 1,
    id: newContainerId(),
    dataDir: engine.paths.data,
    runtimeDir: engine.paths.runtime,
    idMap: engine.idMap(),
    rootfs: { driver: 'copy', lower: [], upper: nowhere, work: nowhere },
    network: sessionNetwork(engine),
    stdio: { terminal: false, stdin: false, stdinOnce: false },
    autoRemove: false,
    removePaths: [],
    populate: [],
    user: '',
    groups: [],
  }
}

/** Without a program for the way out, steps without a network are kept short all the same. */
function sessionNetwork(engine: Engine): NetworkPlan {
  try {
    return stepNetwork(engine, 'bridge')
  } catch {
    return { mode: 'none' }
  }
}
