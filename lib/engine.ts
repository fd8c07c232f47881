import type { HostPaths } from './host/paths.ts'

/**
 * What every story needs to know about where it runs; passed first, never global. Facts that cost something to learn
 * (storage driver, id map) are methods that look once and remember.
 */
export interface Engine {
  readonly paths: HostPaths
}
