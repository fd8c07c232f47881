// The scripts that the executable carries. What a command does not read costs it nothing: a megabyte of source takes 5 ms.
//
//   lighter   the modules of the program that usual commands need
//   rare      all others of it
//   …         each npm library that only some commands need
//
// Each is one function `(require, module, exports)`. What a module wants of another script it calls `rare:cli/commands/cp.ts`,
// `usual:lib/core/errors.ts` or `carried:tar`; packaging/loader.cjs finds it.
import { join } from 'node:path'

/** npm packages with a script of their own. The program may load them by `import()` only. */
export const LIBRARIES = ['tar', 'undici', 'yaml']

/** Modules that usual commands load by `import()`, with all that these import. */
export const USUAL_MODULES = [
  'cli/main.ts',
  'cli/dispatch.ts',
  'cli/commands/create.ts',
  'cli/commands/exec.ts',
  'cli/commands/ps.ts',
  'cli/commands/rm.ts',
  'cli/commands/run.ts',
  'cli/commands/start.ts',
  'cli/commands/stop.ts',
  'lib/container/abandoned.ts',
  'lib/engine.ts',
  'lib/runtime/storage.ts',
]

export const SCRIPTS = ['lighter', 'rare', ...LIBRARIES]

/** How the program names a library. */
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
