import { TemplateExecutionError } from './errors.ts'
import type { Template } from './template.ts'
import { fromJson, type GoType } from './values.ts'

/**
 * What a template prints of an object. As Docker's client, with the types of Go first; where that fails (a field under its name
 * in the document, or one that the types do not have) with the plain document, where every key must exist.
 * Throws `TemplateExecutionError`.
 */
export function executeOnDocument(template: Template, type: GoType, document: unknown): string {
  try {
    return template.execute({ type, data: document })
  } catch (error) {
    if (!(error instanceof TemplateExecutionError)) throw error
    return template.execute(fromJson(document), { strictKeys: true })
  }
}
