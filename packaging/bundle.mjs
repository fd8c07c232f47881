// Bundles cli/main.ts and all it can load into the scripts of scripts.mjs, in build/bundle.
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { build } from 'esbuild'
import { carriedFiles } from './carried.mjs'
import { CARRIED, LIBRARIES, PARTS, RARE, scriptPath } from './scripts.mjs'

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

const LARGE = 132 * 1024

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

const partOf = await assignParts()
for (const { name } of PARTS) await bundlePart(name)
await bundlePart(RARE)
for (const name of LIBRARIES) {
  const entry = existsSync(join(root, `packaging/${name}.cjs`)) ? `packaging/${name}.cjs` : name
  await build({
    ...bundled,
    entryPoints: [entry],
    // A script of the executable is in no directory; what is looked for from there are built-in modules alone.
    define: { __filename: '"/"' },
    outfile: scriptPath(root, name),
  })
}

/** Which part each module is in, by its path below the root; and what is loaded from outside its part. */
async function assignParts() {
  const { metafile } = await build({
    ...program,
    write: false,
    metafile: true,
    plugins: [librariesApart],
    outfile: scriptPath(root, 'all'),
  })
  const parts = new Map()
  const add = (path, name) => {
    if (parts.has(path)) return
    parts.set(path, name)
    for (const { path: next, kind, external } of metafile.inputs[path].imports)
      if (kind === 'import-statement' && !external) add(next, name)
  }
  for (const { name, modules } of PARTS) for (const path of modules) add(path, name)
  for (const path of Object.keys(metafile.inputs).sort()) add(path, RARE)
  const wanted = Object.entries(metafile.inputs).flatMap(([importer, { imports }]) =>
    imports
      .filter(() => importer !== '<stdin>')
      .filter(({ path, external }) => !external && parts.get(path) !== parts.get(importer))
      .map(({ path }) => path),
  )
  const entries = new Set(wanted)
  return {
    of: (path) => parts.get(path),
    entries: (name) => [...entries].filter((path) => parts.get(path) === name).sort(),
  }
}

/** A part offers what others want of it: `exports.find(path)`, each module run at its first use. */
async function bundlePart(name) {
  const rows = partOf
    .entries(name)
    .map((path) => `${JSON.stringify(path)}: () => require('./${path}')`)
  // A module runs once, however many ask for it.
  const table = `const modules = {${rows.join(',\n')}}
const found = {}
exports.find = (path) => (found[path] ??= modules[path]())`
  const start = name === PARTS[0].name ? "\nrequire('./cli/main.ts')" : ''
  await build({
    ...program,
    outfile: scriptPath(root, name),
    stdin: { contents: table + start, resolveDir: root },
    plugins: [librariesApart, elsewhere(name)],
  })
  shareExports(scriptPath(root, name))
  if (name === PARTS[0].name) enlarge(scriptPath(root, name))
}

/** Parts give each other a module's exports as they are; esbuild copies them name by name, for importers of every kind. */
function shareExports(path) {
  const made = '__toCommonJS=mod=>__copyProps(__defProp({},"__esModule",{value:!0}),mod)'
  const source = readFileSync(path, 'latin1')
  if (!source.includes(made)) throw new Error(`${path}: its __toCommonJS is not the known one`)
  const shared = source
    .replace(made, '__toCommonJS=mod=>mod')
    .replace(/__toESM\((require\("part:[^"]+"\))\)/g, '$1')
  writeFileSync(path, shared, 'latin1')
}

/** V8 keeps strings above 128 KiB apart. As a smaller one, what every command loads fills the young heap: a collection in each run. */
function enlarge(path) {
  const source = readFileSync(path, 'latin1')
  writeFileSync(
    path,
    `${source.trimEnd()}${' '.repeat(Math.max(0, LARGE - source.length))}\n`,
    'latin1',
  )
}

/** Modules of the program that are in other parts than this. */
function elsewhere(name) {
  const { copies: copied = [] } = PARTS.find((part) => part.name === name) ?? {}
  return {
    name: 'elsewhere',
    setup({ onResolve, resolve }) {
      onResolve(
        { filter: /^\.{1,2}\// },
        async ({ path, kind, resolveDir, importer, pluginData }) => {
          if (pluginData === 'resolved' || importer === '<stdin>') return undefined
          const found = await resolve(path, { kind, resolveDir, importer, pluginData: 'resolved' })
          const below = relative(root, found.path)
          const part = partOf.of(below)
          return part === undefined || part === name || copied.includes(part)
            ? found
            : { path: `part:${part}:${below}`, external: true }
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
