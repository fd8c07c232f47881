// Puts packaging/loader.cjs, the scripts with their code caches, and the carried files into a copy of Node: dist/lighter, or the
// file that LIGHTER_BUILD_OUTPUT names.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { default as seaModule } from '@yao-pkg/pkg/lib-es5/sea.js'
import { carriedFiles } from './carried.mjs'
import { scriptAssets, V8_FLAGS } from './scripts.mjs'

const root = join(import.meta.dirname, '..')
const arch = process.arch
const node = join(root, `node_modules/node-linux-${arch}/bin/node`)
const stripped = join(root, 'build/bundle/node')
const draft = join(root, 'build/bundle/lighter')
const output = join(root, process.env.LIGHTER_BUILD_OUTPUT ?? 'dist/lighter')

mkdirSync(dirname(output), { recursive: true })
strip()
await import('./code-cache.mjs')
await seaModule.default(join(import.meta.dirname, 'loader.cjs'), {
  nodePath: stripped,
  targets: [
    {
      nodeRange: `node${process.versions.node.split('.')[0]}`,
      platform: 'linux',
      arch,
      output: draft,
    },
  ],
  seaConfig: {
    disableExperimentalSEAWarning: true,
    // The loader is small.
    useCodeCache: false,
    // NODE_OPTIONS is meant for the user's own programs; it must not change this one.
    execArgvExtension: 'none',
    // Node looks for its own --env-file in all arguments, also in those of a container's command, up to this word.
    // Nobody debugs it by a signal, and the thread that would listen costs a millisecond. The internals are for handover.ts.
    // Four threads for V8's own work would be started and ended by each command, 0.4 ms; hardly one of them is used.
    execArgv: ['--expose-internals', '--disable-sigusr1', '--v8-pool-size=1', ...V8_FLAGS, '--'],
    assets: {
      ...carriedFiles(root).assets,
      ...scriptAssets(root),
    },
  },
})
renameSync(draft, output)

/** Symbols for debuggers are a sixth of Node; a machine without binutils gets the larger file. */
function strip() {
  rmSync(stripped, { force: true })
  try {
    execFileSync('strip', ['--strip-unneeded', '-o', stripped, node], { stdio: 'ignore' })
  } catch {
    copyFileSync(node, stripped)
  }
}
