// The scripts that the executable carries: the program, and apart from it each npm library that only some commands need. What a
// command does not read costs it nothing; in one script undici alone would cost each 5 ms.
import { join } from 'node:path'

/** npm packages with a script of their own. The program may load them by `import()` only. */
export const LIBRARIES = ['tar', 'undici']

export const SCRIPTS = ['lighter', ...LIBRARIES]

/** How the program's script names a library when it asks packaging/loader.cjs for it. */
export const CARRIED = 'carried:'

export const scriptPath = (root, name) => join(root, `build/bundle/${name}.cjs`)
export const cachePath = (root, name) => join(root, `build/bundle/${name}.cache`)

/** Asset names and files. */
export const scriptAssets = (root) =>
  Object.fromEntries(
    SCRIPTS.flatMap((name) => [
      [`${name}.cjs`, scriptPath(root, name)],
      [`${name}.cache`, cachePath(root, name)],
    ]),
  )
