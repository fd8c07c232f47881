import type { Engine } from '../engine.ts'
import { parseName } from './name.ts'
import { removeList } from './store.ts'
import { noLocalManifest } from './words.ts'

/** Forgets a list that is kept here. Throws `registry-not-found`, `bad-reference`. */
export function forgetList(engine: Engine, name: string): void {
  const list = parseName(name)
  if (!removeList(engine.paths.data, list)) throw noLocalManifest(list)
}
