// The main script of the executable. Node's own code cache for it would hold the outermost functions only; this one was
// taken after usual commands had run (packaging/code-cache.mjs), and spares each command the compiling of its own.
const { getRawAsset } = require('node:sea')
const { Script } = require('node:vm')

const source = Buffer.from(getRawAsset('lighter.cjs')).latin1Slice()
const cachedData = Buffer.from(getRawAsset('lighter.cache'))
new Script(source, { filename: 'lighter.cjs', cachedData }).runInThisContext()(require, {
  exports: {},
})
