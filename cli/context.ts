import type { Engine } from '../lib/engine.ts'
import { writeErr, writeOut } from './output/write.ts'

/** What a command is given beside its own flags: how the program was called, and the engine. */
export interface Context {
  /** The name it was called by: `lighter`, or `docker` through a symlink. */
  readonly program: string
  readonly debug: boolean
  /** Looks at the host at its first use, not before: `--help` needs none of it. */
  readonly engine: Engine
  /** One line to standard output; waits when a pipe is full. */
  print(line: string): void
  /** One line to standard error. */
  warn(line: string): void
}

/** Puts the parts together: nothing else makes an engine. */
export async function createContext(program: string, debug: boolean): Promise<Context> {
  const { createEngine } = await import('../lib/engine.ts')
  let engine: Engine | undefined
  return {
    program,
    debug,
    get engine() {
      engine ??= createEngine(process.env)
      return engine
    },
    print: (line) => writeOut(`${line}\n`),
    warn: (line) => writeErr(`${line}\n`),
  }
}
