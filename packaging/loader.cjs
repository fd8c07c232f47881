// The main script of the executable. Node's own code cache for it would hold the outermost functions only; these were
// taken after usual commands had run (packaging/code-cache.mjs), and spare each command the compiling of its own.
const { getRawAsset } = require('node:sea')
const { Script } = require('node:vm')

const CARRIED = 'carried:'
const loaded = new Map()

/** `require` of the program's own script: built-in modules, and the libraries beside it, which few commands need. */
const find = (name) => (name.startsWith(CARRIED) ? load(name.slice(CARRIED.length)) : require(name))

function load(name) {
  let module = loaded.get(name)
  if (!module) {
    module = { exports: {} }
    loaded.set(name, module)
    const filename = `${name}.cjs`
    const source = Buffer.from(getRawAsset(filename)).latin1Slice()
    const cachedData = Buffer.from(getRawAsset(`${name}.cache`))
    const script = new Script(source, { filename, cachedData })
    script.runInThisContext()(find, module, module.exports)
  }
  return module.exports
}

load('lighter')
