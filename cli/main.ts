import { versionLine } from './build-info.ts'

/** Tools ask for the version at every start of theirs: nothing else is loaded for it. */
const first = process.argv[2]
if (process.argv.length === 3 && (first === '--version' || first === '-v')) {
  process.stdout.write(`${versionLine}\n`)
} else {
  import('./dispatch.ts').then(({ dispatch }) => dispatch(process.argv.slice(2), process.argv0))
}
