import { inspectManifest, inspectMember } from '../../lib/manifest/inspect.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `manifest inspect`: a list that is kept here, a member of it, or what a registry has. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [first = '', member] = parsed.operands
  const options = { verbose: parsed.bool('verbose'), insecure: parsed.bool('insecure') }
  const text = await withoutDaemon(() =>
    member === undefined
      ? inspectManifest(context.engine, first, options)
      : inspectMember(context.engine, first, member, options),
  )
  writeOut(text)
  return 0
}
