import { annotateMember } from '../../lib/manifest/annotate.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `manifest annotate`: another platform for a member of a list. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [list = '', member = ''] = parsed.operands
  const annotation = {
    os: parsed.string('os') ?? '',
    architecture: parsed.string('arch') ?? '',
    variant: parsed.string('variant') ?? '',
    osVersion: parsed.string('os-version') ?? '',
    osFeatures: parsed.list('os-features'),
  }
  await withoutDaemon(() => annotateMember(context.engine, list, member, annotation))
  return 0
}
