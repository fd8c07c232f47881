import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Container,
  findContainer,
  readContainer,
  withState,
} from '../../lib/container/catalog.ts'
import { type ProcessTree, readProcessTree } from '../../lib/container/processes.ts'
import { describeStats, readHostCpu, type Sample } from '../../lib/container/stats-document.ts'
import { measureUsage } from '../../lib/container/usage.ts'
import { nowNanoseconds } from '../../lib/core/instant.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'

/** Between two looks, in milliseconds: the processor's share is that of this time. */
const INTERVAL = 1000

/** `GET /containers/{id}/stats`: a document each second, or one. */
export async function stats(call: Call): Promise<void> {
  const { engine, params, query, reply, signal } = call
  const stream = query.bool('stream', true)
  const oneShot = query.bool('one-shot')
  if (stream && oneShot) throw badRequest('cannot have stream=true and one-shot=true')
  const container = findContainer(engine.paths.data, params.id ?? '')
  if (!stream) {
    reply.json(await look(call, container, oneShot))
    return
  }
  const answer = reply.stream('application/json')
  let before: Sample | undefined
  while (!signal.aborted) {
    // It may have another name by now, or be gone.
    const current = readContainer(engine.paths.data, container.record.id)
    if (!current) break
    const now = measure(current)
    await answer.write(`${JSON.stringify(describeStats(current.record, now, before))}\n`)
    before = now
    await pause(signal)
  }
  answer.end()
}

async function look(
  { signal }: Call,
  container: Container,
  oneShot: boolean,
): Promise<Record<string, unknown>> {
  const first = measure(container)
  if (oneShot || !first) return describeStats(container.record, first, undefined)
  await pause(signal)
  return describeStats(container.record, measure(container), first)
}

async function pause(signal: AbortSignal): Promise<void> {
  try {
    await sleep(INTERVAL, undefined, { signal })
  } catch {
    // The client is gone.
  }
}

/** `undefined` where it does not run. */
function measure(container: Container): Sample | undefined {
  const state = withState(container)?.state
  if (!state || !('process' in state)) return undefined
  const usage = measureUsage(container.record.id, state.process.pid, sharedTree)
  const host = readHostCpu(readFileSync('/proc/stat', 'latin1'))
  return usage && { at: nowNanoseconds(), usage, host }
}

/** What many clients want in the same moment is looked for once: in milliseconds, how old it may be. */
const MAX_AGE = 200
let known: { at: number; tree: ProcessTree } | undefined

function sharedTree(): ProcessTree {
  const now = performance.now()
  if (!known || now - known.at > MAX_AGE) known = { at: now, tree: readProcessTree() }
  return known.tree
}
