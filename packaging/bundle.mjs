// Bundles cli/main.ts and all it can load into the scripts of scripts.mjs, in build/bundle.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { carriedFiles } from './carried.mjs'
import { CARRIED, LIBRARIES, scriptPath, USUAL_MODULES } from './scripts.mjs'

const root = join(import.meta.dirname, '..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** @type {import('esbuild').BuildOptions} */
const bundled = {
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

const program = {
  ...bundled,
  stdin: { contents: "import './cli/main.ts'", resolveDir: root },
  define: {
    LIGHTER_BUILD: JSON.stringify({ version, commit: commitHash(), date: sourceDate() }),
    LIGHTER_CARRIED: JSON.stringify(carriedFiles(root).manifest),
    'import.meta.dirname': '""',
  },
}

const usual = await findUsual()
await bundleUsual()
await bundleRare()
for (const name of LIBRARIES) {
  await build({ ...bundled, entryPoints: [name], outfile: scriptPath(root, name) })
}

/** The usual modules with all that they import, by their paths below the root; and which others are loaded by `import()`. */
async function findUsual() {
  const { metafile } = await build({
    ...program,
    write: false,
    metafile: true,
    plugins: [librariesApart],
    outfile: scriptPath(root, 'all'),
  })
  const modules = new Set()
  const add = (path) => {
    if (modules.has(path)) return
    modules.add(path)
    for (const { path: next, kind, external } of metafile.inputs[path].imports)
      if (kind === 'import-statement' && !external) add(next)
  }
  for (const path of USUAL_MODULES) add(path)
  const lazy = Object.values(metafile.inputs)
    .flatMap(({ imports }) => imports)
    .filter(({ kind, external }) => kind === 'dynamic-import' && !external)
    .map(({ path }) => path)
  const wanted = Object.entries(metafile.inputs)
    .filter(([path]) => !modules.has(path))
    .flatMap(([, { imports }]) => imports)
    .map(({ path }) => path)
  const sorted = (paths) => [...new Set(paths)].sort()
  return {
    modules,
    wantedByRare: sorted(wanted).filter((path) => modules.has(path)),
    rareEntries: sorted(lazy).filter((path) => !modules.has(path)),
  }
}

async function bundleUsual() {
  await build({
    ...program,
    outfile: scriptPath(root, 'lighter'),
    stdin: {
      contents: `${moduleTable(usual.wantedByRare)}\nrequire('./cli/main.ts')`,
      resolveDir: root,
    },
    plugins: [librariesApart, elsewhere('rare:', (path) => !usual.modules.has(path))],
  })
}

async function bundleRare() {
  await build({
    ...program,
    outfile: scriptPath(root, 'rare'),
    stdin: { contents: moduleTable(usual.rareEntries), resolveDir: root },
    plugins: [librariesApart, elsewhere('usual:', (path) => usual.modules.has(path))],
  })
}

/** How one script of the program gets at the modules in the other: `exports.find(path)`, each run at its first use. */
function moduleTable(paths) {
  const rows = paths.map((path) => `${JSON.stringify(path)}: () => require('./${path}')`)
  return `const modules = {${rows.join(',\n')}}\nexports.find = (path) => modules[path]()`
}

/** Modules of the program that are in its other script. */
function elsewhere(prefix, isElsewhere) {
  return {
    name: 'elsewhere',
    setup({ onResolve, resolve }) {
      onResolve(
        { filter: /^\.{1,2}\// },
        async ({ path, kind, resolveDir, importer, pluginData }) => {
          if (pluginData === 'resolved' || importer === '<stdin>') return undefined
          const found = await resolve(path, { kind, resolveDir, importer, pluginData: 'resolved' })
          const below = relative(root, found.path)
          return isElsewhere(below) && !below.startsWith('node_modules')
            ? { path: prefix + below, external: true }
            : found
        },
      )
    },
  }
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
