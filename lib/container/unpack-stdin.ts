import { fstatSync, readFileSync, readSync } from 'node:fs'
import { expandForeign, isForeign } from '../image/expand.ts'
import { type FilesEnd, unpackArchive, writeFilesFromStdin } from '../runtime/files.ts'

const STDIN = 0
const HEAD = 6

/**
 * Unpacks the archive on standard input, plain or compressed with gzip, zstd, bzip2 or xz, into a directory. Its owners are kept:
 * whoever hands over an archive has decided on them. Throws what is wrong with it.
 */
export async function unpackStdin(end: FilesEnd): Promise<void> {
  // The native program reads it by itself where that is known to suit it; what comes through a pipe cannot be looked at before.
  if (isFileToReadAsItIs()) return await writeFilesFromStdin(end, true)
  const { stdin } = process
  let begun = false
  try {
    await unpackArchive(
      end,
      stdin,
      { overwrite: false, expand: expandForeign, signal: new AbortController().signal },
      () => {
        begun = true
      },
    )
  } finally {
    // Whoever writes may go on for longer than the archive.
    if (begun) stdin.destroy()
  }
}

function isFileToReadAsItIs(): boolean {
  const status = fstatSync(STDIN)
  // It cannot be read, and says so there; Node takes it for nothing.
  if (status.isDirectory()) return true
  if (!status.isFile()) return false
  const position = /^pos:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${STDIN}`, 'utf8'))?.[1]
  const head = Buffer.alloc(HEAD)
  const count = readSync(STDIN, head, 0, HEAD, Number(position))
  return !isForeign(head.subarray(0, count))
}
