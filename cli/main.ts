import { versionLine } from '../lib/core/build-info.ts'
import { writeOut } from './output/write.ts'

/** Tools ask for the version at every start of theirs: nothing else is loaded for it. */
const first = process.argv[2]
if (process.argv.length === 3 && (first === '--version' || first === '-v')) {
  writeOut(`${versionLine}\n`)
  leave()
} else {
  import('./dispatch.ts')
    .then(({ dispatch }) => dispatch(process.argv.slice(2), process.argv0))
    .then(leave)
}

/**
 * Where nothing is left to wait for, this spares Node taking its heap apart, 1 ms. An output that still waits for its reader is a
 * resource too.
 */
function leave(): void {
  if (process.getActiveResourcesInfo().length === 0) process.exit()
}
