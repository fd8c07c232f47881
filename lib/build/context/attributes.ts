import { LighterError } from '../../core/errors.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import type { Engine } from '../../engine.ts'
import { listTree } from '../../runtime/tree.ts'
import { splitPaths } from './command-lines.ts'
import type { AttributeReader } from './directory.ts'

/** Extended attributes are nothing that Node can read: the native program does. */
export const attributeReader =
  (engine: Engine): AttributeReader =>
  async (directory, paths) => {
    const namespace = { program: engine.native().program, idMap: engine.idMap() }
    const found = new Map<string, string>()
    const options = { depth: 0, digests: 'attributes' } as const
    try {
      for (const some of splitPaths(paths)) {
        for await (const entry of listTree(namespace, [directory], some, options))
          found.set(entry.path, entry.attributes)
      }
    } catch (error) {
      throw explain(error)
    }
    return paths.map((path) => found.get(path) ?? '')
  }

/** An entry that cannot be read is one of the user's. */
const explain = (error: unknown): unknown =>
  error instanceof LighterError && error.code === 'damaged-image'
    ? new DockerfileError(`error from sender: ${error.message}`, undefined, { cause: error })
    : error
