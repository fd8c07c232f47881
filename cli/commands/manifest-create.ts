import { createList } from '../../lib/manifest/create.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `manifest create`: a list of manifests that registries have, kept here. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [list = '', ...members] = parsed.operands
  const options = { amend: parsed.bool('amend'), insecure: parsed.bool('insecure') }
  const name = await withoutDaemon(() => createList(context.engine, list, members, options))
  context.print(`Created manifest list ${name}`)
  return 0
}
