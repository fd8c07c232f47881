import { lazyCrypto } from '../../core/lazy.ts'
import { randomHex } from '../../core/random.ts'
import type { BuildProgress } from '../progress.ts'
import type { OnStep } from './wishes.ts'

/** Tells progress of an output as a whole, and of what it does. */
export async function aroundStep<Result>(
  name: string,
  progress: BuildProgress,
  work: (onStep: OnStep) => Promise<Result>,
): Promise<Result> {
  const hash = lazyCrypto()
    .createHash('sha256')
    .update(`${name} ${randomHex(8)}`)
    .digest('hex')
  const vertex = { digest: `sha256:${hash}`, inputs: [], name, started: new Date() }
  progress.vertex(vertex)
  const onStep: OnStep = (id) => {
    const status = { id, vertex: vertex.digest, total: 0, current: 0, started: new Date() }
    progress.status({ ...status, timestamp: new Date() })
    return () => progress.status({ ...status, timestamp: new Date(), completed: new Date() })
  }
  try {
    const result = await work(onStep)
    progress.vertex({ ...vertex, completed: new Date() })
    return result
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error)
    progress.vertex({ ...vertex, completed: new Date(), error: said })
    throw error
  }
}
