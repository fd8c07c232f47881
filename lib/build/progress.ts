import type { Dockerfile } from '../dockerfile/ast.ts'

/**
 * What happens in a build, as BuildKit's clients know it (moby/buildkit client.SolveStatus), which `--progress rawjson` prints.
 * A vertex is sent again whenever something of it changes.
 */
export interface Vertex {
  digest: string
  inputs: readonly string[]
  name: string
  started?: Date
  completed?: Date
  cached?: boolean
  error?: string
  /** First line of its instruction, from 1; absent for what no instruction says. */
  line?: number
}

/** Something inside a vertex that moves: a layer that is fetched, a context that is read. */
export interface VertexStatus {
  id: string
  vertex: string
  total: number
  current: number
  timestamp: Date
  started?: Date
  completed?: Date
}

export interface VertexLog {
  vertex: string
  stream: 1 | 2
  data: Buffer
  timestamp: Date
}

/** A lint rule that a Dockerfile breaks. */
export interface VertexWarning {
  vertex: string
  level: number
  rule: string
  short: string
  detail: string
  url: string
  file: string
  /** What stands in the file, for an excerpt. */
  lines?: readonly string[]
  /** Lines of the file, the first is 1. */
  start: number
  end: number
}

export interface BuildProgress {
  /** What is going to be built, for those who tell it by instructions: the stages of a Dockerfile by their indices. Once a platform. */
  plan?(dockerfile: Dockerfile, stages: readonly number[]): void
  vertex(vertex: Vertex): void
  status(status: VertexStatus): void
  log(log: VertexLog): void
  warning(warning: VertexWarning): void
}
