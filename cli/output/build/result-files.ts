import { lstatSync, rmSync, writeFileSync } from 'node:fs'
import type { VertexWarning } from '../../../lib/build/progress.ts'
import type { ExportedImage } from '../../../lib/build/result.ts'
import { isSystemError, LighterError, systemErrorReason } from '../../../lib/core/errors.ts'
import { parseTruth } from '../../../lib/core/truth.ts'
import { replaceFile } from '../../../lib/fs/replace.ts'
import { warningDocument } from './raw-json.ts'

/** Removes the id of an earlier build, which must not pass for this one's. Throws `usage`. */
export function removeIdFile(path: string): void {
  inFile('removing image ID file: remove', path, () => {
    if (isRegular(path)) rmSync(path)
  })
}

/** `--iidfile`. Throws `usage`. */
export const writeIdFile = (path: string, id: string): void =>
  inFile('writing image ID file: open', path, () => writeFileSync(path, id, { mode: 0o644 }))

/** `--metadata-file`: what the outputs tell; with BUILDX_METADATA_WARNINGS the warnings, too. Throws `usage`. */
export function writeMetadata(
  path: string,
  exported: readonly ExportedImage[],
  warnings: readonly VertexWarning[],
): void {
  const wanted = parseTruth(process.env.BUILDX_METADATA_WARNINGS ?? '') === true
  const document = {
    ...Object.assign({}, ...exported.map(({ metadata }) => metadata)),
    ...(wanted && warnings.length > 0
      ? { 'buildx.build.warnings': warnings.map(warningDocument) }
      : {}),
  }
  const text = JSON.stringify(document, null, 2)
  inFile('open', path, () => {
    // Somebody may have named a pipe or a terminal.
    if (isRegular(path) ?? true) replaceFile(path, text, false, 0o644)
    else writeFileSync(path, text)
  })
}

/** A link, as /dev/stdout is one, stays what it is. `undefined`: nothing is there. */
const isRegular = (path: string): boolean | undefined =>
  lstatSync(path, { throwIfNoEntry: false })?.isFile()

function inFile(what: string, path: string, work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!isSystemError(error)) throw error
    throw new LighterError('usage', `${what} ${path}: ${systemErrorReason(error)}`, {
      cause: error,
    })
  }
}
