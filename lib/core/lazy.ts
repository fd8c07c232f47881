/**
 * Built-in modules that cost milliseconds to load, for functions that a usual command does not reach. An import
 * statement would load them at the start of every command that knows of such a function.
 */
export const lazyCrypto = (): typeof import('node:crypto') =>
  process.getBuiltinModule('node:crypto')

export const lazyNet = (): typeof import('node:net') => process.getBuiltinModule('node:net')

export const lazyOs = (): typeof import('node:os') => process.getBuiltinModule('node:os')

export const lazyStream = (): typeof import('node:stream') =>
  process.getBuiltinModule('node:stream')

export const lazyChildProcess = (): typeof import('node:child_process') =>
  process.getBuiltinModule('node:child_process')

export const lazyTty = (): typeof import('node:tty') => process.getBuiltinModule('node:tty')
