// The main script of the executable. Node's own code cache for it would hold the outermost functions only; these were
// taken after usual commands had run (packaging/code-cache.mjs), and spare each command the compiling of its own.
const { getRawAsset } = require('node:sea')
const { Script } = require('node:vm')

const loaded = new Map()

/** `require` of all that is carried: see packaging/scripts.mjs. */
function find(name) {
  const [kind, script, path] = name.split(':')
  if (kind === 'part') return load(script).find(path)
  return kind === 'carried' ? load(script) : require(name)
}

function load(script) {
  let module = loaded.get(script)
  if (!module) {
    module = { exports: {} }
    loaded.set(script, module)
    const filename = `${script}.cjs`
    const source = Buffer.from(getRawAsset(filename)).latin1Slice()
    const cachedData = Buffer.from(getRawAsset(`${script}.cache`))
    const run = new Script(source, { filename, cachedData }).runInThisContext()
    run(find, module, module.exports)
  }
  return module.exports
}

load('lighter')
