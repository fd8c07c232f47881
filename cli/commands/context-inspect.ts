import { LighterError } from '../../lib/core/errors.ts'
import { escapeForHtml } from '../../lib/format/json.ts'
import type { Context } from '../context.ts'
import { type ClientContext, DEFAULT, findContext } from '../contexts/store.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `context inspect`: one JSON list, or a line by a template for each; then what is not there. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const found: ClientContext[] = []
  const failures: string[] = []
  for (const name of parsed.operands.length > 0 ? parsed.operands : [DEFAULT]) {
    try {
      found.push(findContext(context.engine.paths, name))
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      failures.push(error.message)
    }
  }
  writeOut(await show(parsed.string('format') ?? '', found))
  for (const failure of failures) context.warn(failure)
  return failures.length > 0 ? 1 : 0
}

async function show(format: string, found: readonly ClientContext[]): Promise<string> {
  const documents = found.map(({ document }) => document)
  if (format === '' || format === 'json') {
    return `${escapeForHtml(JSON.stringify(documents, null, format === '' ? 4 : 0))}\n`
  }
  const { executeTyped } = await import('../contexts/templates.ts')
  return executeTyped('map[string]interface {}', format, documents) || '\n'
}
