import type { Vertex, VertexStatus, VertexWarning } from '../../../lib/build/progress.ts'
import type { BuildDisplay, Out } from './build-display.ts'
import { Trace } from './trace.ts'

/** One JSON document a line for each change, BuildKit's `SolveStatus`, for programs. */
export function showRawJson(out: Out): BuildDisplay {
  const trace = new Trace(() => undefined)
  const print = (document: object): void => void out.write(`${JSON.stringify(document)}\n`)
  return {
    trace,
    vertex: (vertex) => print({ vertexes: [vertexDocument(vertex)] }),
    status: (status) => print({ statuses: [statusDocument(status)] }),
    log: ({ vertex, stream, data, timestamp }) =>
      print({ logs: [{ vertex, stream, data: data.toString('base64'), timestamp }] }),
    warning: (warning) => {
      trace.warning(warning)
      print({ warnings: [warningDocument(warning)] })
    },
    close: () => undefined,
  }
}

/** Members that say nothing are left out, as Go does it. */
const vertexDocument = (vertex: Vertex): object => ({
  digest: vertex.digest,
  ...(vertex.inputs.length > 0 ? { inputs: vertex.inputs } : {}),
  name: vertex.name,
  ...some('started', vertex.started),
  ...some('completed', vertex.completed),
  ...some('cached', vertex.cached || undefined),
  ...some('error', vertex.error || undefined),
})

const statusDocument = (status: VertexStatus): object => ({
  id: status.id,
  vertex: status.vertex,
  ...some('total', status.total || undefined),
  current: status.current,
  timestamp: status.timestamp,
  ...some('started', status.started),
  ...some('completed', status.completed),
})

/** A warning as programs get it, in `--metadata-file` too. */
export const warningDocument = (warning: VertexWarning): object => ({
  vertex: warning.vertex,
  level: warning.level,
  short: base64(warning.short),
  ...(warning.detail === '' ? {} : { detail: [base64(warning.detail)] }),
  ...some('url', warning.url || undefined),
  sourceInfo: { filename: warning.file },
  range: [{ start: { line: warning.start }, end: { line: warning.end } }],
})

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const some = (name: string, value: unknown): object =>
  value === undefined ? {} : { [name]: value }
