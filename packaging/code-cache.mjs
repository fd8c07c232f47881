// Makes build/bundle/*.cache, V8's code caches of the bundled scripts, with the Node that is going to read them. The
// program runs a few commands first, so that their functions are in it. When they cannot run here (no user namespaces,
// say) less is cached, and the commands compile that at each start: slower, never wrong.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { carriedFiles } from './carried.mjs'
import { cachePath, SCRIPTS, scriptPath, V8_FLAGS } from './scripts.mjs'

const root = join(import.meta.dirname, '..')
const home = mkdtempSync(join(tmpdir(), 'lighter-build-'))

/** Twice: the carried image is unpacked by the first, so that the cache of the second holds nothing for that. */
function warmUp(isFirst) {
  const script = join(import.meta.dirname, 'warm-up.cjs')
  execFileSync(join(root, 'build/bundle/node'), [...V8_FLAGS, script], {
    stdio: ['ignore', 'ignore', 'ignore', process.stderr.fd],
    timeout: 120_000,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      LIGHTER_DATA_DIR: join(home, 'data'),
      LIGHTER_WARM_UP: JSON.stringify({
        isFirst,
        scripts: SCRIPTS.map((name) => ({
          name,
          source: scriptPath(root, name),
          cache: cachePath(root, name),
        })),
        assets: carriedFiles(root).assets,
      }),
    },
  })
}

try {
  warmUp(true)
  warmUp(false)
} finally {
  // Layers that were unpacked for subordinate ids are not this user's to remove.
  rmSync(home, { recursive: true, force: true, maxRetries: 1 })
}
