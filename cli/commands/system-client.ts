import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `system client`: runs a program with an engine to talk to, for as long as it runs. Returns its exit code. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { runClient } = await import('../plugins/client.ts')
  const [program = '', ...args] = parsed.operands
  return await runClient(context, { program, args, environment: {} })
}
