import { lazyCrypto } from '../../core/lazy.ts'
import type { BuildProgress } from '../progress.ts'

/**
 * Progress of one target among others: the names of its steps say whose they are. The same step of two targets is two steps, as each
 * builds by itself.
 */
export function withPrefix(progress: BuildProgress, target: string): BuildProgress {
  const known = new Map<string, string>()
  const own = (digest: string): string => {
    const made =
      known.get(digest) ??
      `sha256:${lazyCrypto().createHash('sha256').update(`${target} ${digest}`).digest('hex')}`
    known.set(digest, made)
    return made
  }
  return {
    vertex: (vertex) =>
      progress.vertex({
        ...vertex,
        digest: own(vertex.digest),
        inputs: vertex.inputs.map(own),
        name: addPrefix(target, vertex.name),
      }),
    status: (status) => progress.status({ ...status, vertex: own(status.vertex) }),
    log: (log) => progress.log({ ...log, vertex: own(log.vertex) }),
    warning: (warning) => progress.warning({ ...warning, vertex: own(warning.vertex) }),
  }
}

/** `[web 1/3] FROM …`, as buildx has it. */
const addPrefix = (target: string, name: string): string =>
  name.startsWith('[') ? `[${target} ${name.slice(1)}` : `[${target}] ${name}`
