import { rmSync } from 'node:fs'
import { isatty } from 'node:tty'
import { isErrno, LighterError } from '../../lib/core/errors.ts'
import { quote } from '../../lib/format/quote.ts'
import { errnoText } from '../../lib/fs/errno.ts'
import { spaceError, writeNewFile } from '../../lib/fs/replace.ts'
import type { Context } from '../context.ts'
import { packContext } from '../contexts/archive.ts'
import { DEFAULT, findContext, readTls } from '../contexts/store.ts'
import { checkName } from '../contexts/write.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `context export`: to a file that is not there yet, for its owner alone, or to standard output. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  const [name = '', file = `${name}.dockercontext`] = parsed.operands
  if (name !== DEFAULT) checkName(name)
  const { metadata, endpoints } = findContext(paths, name)
  const tls = name === DEFAULT ? new Map() : readTls(paths, name)
  if (file === '-' && isatty(1)) {
    throw new LighterError(
      'usage',
      'cowardly refusing to export to a terminal, please specify a file path',
    )
  }
  const archive = await packContext(name, { metadata, endpoints, tls })
  if (file === '-') writeOut(archive)
  else {
    writeFile(file, archive)
    context.warn(`Written file ${quote(file)}`)
  }
  return 0
}

function writeFile(file: string, archive: Buffer): void {
  try {
    writeNewFile(file, archive)
  } catch (error) {
    const full = spaceError(error, file)
    if (full instanceof LighterError) {
      rmSync(file, { force: true })
      throw full
    }
    const reason = isErrno(error, 'EEXIST') ? 'file exists' : errnoText(error)
    throw new LighterError('usage', `open ${file}: ${reason}`, { cause: error })
  }
}
