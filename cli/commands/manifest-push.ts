import { pushList } from '../../lib/manifest/push.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `manifest push`: each manifest that the repository did not have, then the digest of the list. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const options = {
    insecure: parsed.bool('insecure'),
    purge: parsed.bool('purge'),
    print: context.print,
  }
  await withoutDaemon(() => pushList(context.engine, parsed.operands[0] ?? '', options))
  return 0
}
