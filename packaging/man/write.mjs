// Writes the manual pages to dist/man/man1 and the shells' completion scripts to dist/completions. With --completions or --man
// only one of the two.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { completionScript, SHELLS } from '../../cli/completion/scripts.ts'
import { manualPages } from './page.ts'

const root = join(import.meta.dirname, '../..')
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const only = process.argv[2]

/** Names under which each shell looks for the script of a program. */
const FILES = { bash: 'lighter', zsh: '_lighter', fish: 'lighter.fish' }

if (only !== '--completions') {
  write(
    'dist/man/man1',
    manualPages(version).map(({ file, text }) => [file, text]),
  )
}
if (only !== '--man') {
  for (const shell of SHELLS) {
    write(`dist/completions/${shell}`, [[FILES[shell], completionScript(shell, 'lighter')]])
  }
}

function write(folder, files) {
  const directory = join(root, folder)
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const [name, text] of files) writeFileSync(join(directory, name), text)
  console.log(`${folder}: ${files.length} ${files.length === 1 ? 'file' : 'files'}`)
}
