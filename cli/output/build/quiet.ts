import type { BuildDisplay } from './build-display.ts'
import { Trace } from './trace.ts'

/** Nothing at all. */
export function showNothing(): BuildDisplay {
  const trace = new Trace(() => undefined)
  return {
    trace,
    vertex: () => undefined,
    status: () => undefined,
    log: () => undefined,
    warning: (warning) => trace.warning(warning),
    close: () => undefined,
  }
}
