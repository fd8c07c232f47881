/** How this very program is called again, with whatever follows. In development it is a script that Node runs. */
export function ownCommand(): string[] {
  const script = process.getBuiltinModule('node:sea').isSea() ? [] : process.argv.slice(1, 2)
  return [process.execPath, ...script]
}
