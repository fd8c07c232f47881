import { LighterError } from '../../lib/core/errors.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../../lib/format/errors.ts'
import { readTypes } from '../../lib/format/go-types.ts'
import { parseTemplate } from '../../lib/format/template.ts'

/**
 * One line for each document by a template. `types`: what Docker calls the type of the documents, and in the lines behind it what that
 * consists of. Throws `usage`.
 */
export function executeTyped(types: string, format: string, documents: readonly unknown[]): string {
  const [name = '', ...members] = types.split('\n')
  const type = readTypes(members.join('\n'))(name)
  try {
    const template = parseTemplate(format)
    return documents.map((data) => `${template.execute({ type, data })}\n`).join('')
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError || error instanceof TemplateExecutionError))
      throw error
    throw new LighterError('usage', `template parsing error: ${error.message}`)
  }
}
