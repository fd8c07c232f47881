// Bundles cli/main.ts and all it can load into CommonJS files in build/bundle: the program, and the libraries of scripts.mjs.
// Commands stay lazy inside: a dynamic import becomes a function that runs the module at its first use.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { carriedFiles } from './carried.mjs'
import { CARRIED, LIBRARIES, scriptPath } from './scripts.mjs'

const root = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** @type {import('esbuild').BuildOptions} */
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'cjs',
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'linked',
  // Built-in modules too: a script that is compiled by itself has no import().
  supported: { 'dynamic-import': false },
  // One function, called by packaging/loader.cjs.
  banner: { js: '(function(require,module,exports){' },
  footer: { js: '})' },
  logLevel: 'warning',
}

const librariesApart = {
  name: 'libraries-apart',
  setup({ onResolve }) {
    const filter = new RegExp(`^(${LIBRARIES.join('|')})$`)
    onResolve({ filter }, ({ path, kind }) =>
      kind === 'dynamic-import'
        ? { path: CARRIED + path, external: true }
        : { errors: [{ text: `${path} may be loaded by import() only: see scripts.mjs` }] },
    )
  },
}

await build({
  ...common,
  entryPoints: ['cli/main.ts'],
  outfile: scriptPath(root, 'lighter'),
  plugins: [librariesApart],
  define: {
    LIGHTER_BUILD: JSON.stringify({ version, commit: commitHash(), date: sourceDate() }),
    LIGHTER_CARRIED: JSON.stringify(carriedFiles(root).manifest),
    'import.meta.dirname': '""',
  },
})
for (const name of LIBRARIES) {
  await build({ ...common, entryPoints: [name], outfile: scriptPath(root, name) })
}

function commitHash() {
  return git('rev-parse', '--short=7', 'HEAD') ?? 'unknown'
}

/** The date of the commit, not of the build: the same source gives the same program. */
function sourceDate() {
  const epoch = process.env.SOURCE_DATE_EPOCH ?? git('log', '-1', '--format=%ct') ?? '0'
  return new Date(Number(epoch) * 1000).toISOString()
}

function git(...args) {
  try {
    const stdio = ['ignore', 'pipe', 'ignore']
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio }).trim()
  } catch {
    return undefined // a source archive without history
  }
}
