import { LighterError } from '../../lib/core/errors.ts'
import { infoType, versionType } from '../../lib/format/documents/system.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../../lib/format/errors.ts'
import { parseTemplate } from '../../lib/format/template.ts'
import type { Context } from '../context.ts'
import { writeOut } from './write.ts'

/** How Docker's client formats what is one document. */
const KINDS = {
  /** The name of the template is in its errors. */
  version: { name: 'version', type: versionType },
  info: { name: '', type: infoType },
}

/**
 * Prints the document of `version` or `info` by a format. What cannot be read ends with 64; what cannot be executed has printed
 * the beginning of its line. Returns the exit code.
 */
export function printDocument(
  context: Context,
  kind: keyof typeof KINDS,
  format: string,
  document: unknown,
): number {
  const { name, type } = KINDS[kind]
  const source = format === 'json' ? '{{json .}}' : format
  const named = (message: string): string =>
    name === ''
      ? message
      : message
          .replace('template: :', `template: ${name}:`)
          .replace('executing ""', `executing "${name}"`)
  try {
    const template = parseTemplate(source)
    writeOut(`${template.execute({ type: type(), data: document })}\n`)
    return 0
  } catch (error) {
    if (error instanceof TemplateSyntaxError) {
      context.warn(`template parsing error: ${named(error.message)}`)
      return 64
    }
    if (!(error instanceof TemplateExecutionError)) throw error
    writeOut('\n')
    throw new LighterError('usage', named(error.message))
  }
}
