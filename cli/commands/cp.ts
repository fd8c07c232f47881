import { isatty } from 'node:tty'
import { findContainer } from '../../lib/container/catalog.ts'
import { copyFromContainer, copyToContainer } from '../../lib/container/copy.ts'
import { absolutePath, parseCopyArgument, refusal } from '../../lib/container/copy-paths.ts'
import type { Context } from '../context.ts'
import { CopyProgress } from '../output/copy-progress.ts'
import { checkOutputPath } from '../output/path.ts'
import type { Parsed } from '../parse.ts'

/** `cp` in one of its two directions. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [source = '', destination = ''] = parsed.operands
  if (source === '') throw refusal('source can not be empty')
  if (destination === '') throw refusal('destination can not be empty')
  const from = parseCopyArgument(source)
  const to = parseCopyArgument(destination)
  if (from.container && to.container) throw refusal('copying between containers is not supported')
  const { data } = context.engine.paths
  const quiet = parsed.given('quiet') ? parsed.bool('quiet') : !isatty(1)
  const copy = { archive: parsed.bool('archive'), followLink: parsed.bool('follow-link') }
  const find = (called: string) => ({ ...findContainer(data, called), called })
  if (from.container) {
    const piped = to.path === '-'
    if (!piped) checkOutputPath(absolutePath(process.cwd(), to.path))
    const container = find(from.container)
    using progress = new CopyProgress(quiet || piped, 'Copying from container - ')
    const options = { ...copy, onBytes: (count: number) => progress.add(count) }
    await copyFromContainer(context.engine, container, from.path, to.path, options)
    progress.finish(absolutePath(process.cwd(), to.path))
    return 0
  }
  if (!to.container) throw refusal('must specify at least one container source')
  const container = find(to.container)
  using progress = new CopyProgress(quiet || from.path === '-', 'Copying to container - ')
  const options = { ...copy, onBytes: (count: number) => progress.add(count) }
  await copyToContainer(context.engine, container, from.path, to.path, options)
  progress.finish(`${to.container}:${to.path}`)
  return 0
}
