import { TemplateExecutionError, TemplateSyntaxError } from '../../lib/format/errors.ts'
import type { GoType } from '../../lib/format/values.ts'

/** Which of Docker's Go types a document has, for templates. */
export type DocumentKind = 'container' | 'image' | 'volume' | 'network'

/** Collects documents and prints them as Docker's `inspect` does. */
export interface Inspector {
  /** Returns what is wrong with the document for the template, `undefined` when nothing is. */
  add: (kind: DocumentKind, document: Readonly<Record<string, unknown>>) => string | undefined
  /** Everything that goes to standard output. */
  text: () => string
}

/** A template that cannot be read; exit code 64. */
export class FormatError extends Error {}

/** An inspector for a `--format`: empty, `json`, or a template. Throws `FormatError`. */
export async function makeInspector(format: string): Promise<Inspector> {
  if (format === '' || format === 'json') {
    const documents: unknown[] = []
    return {
      add: (_, document) => {
        documents.push(document)
        return undefined
      },
      text: () => `${JSON.stringify(documents, null, format === '' ? 4 : 0)}\n`,
    }
  }
  return await templateInspector(format)
}

async function templateInspector(format: string): Promise<Inspector> {
  const { parseTemplate } = await import('../../lib/format/template.ts')
  const { executeOnDocument } = await import('../../lib/format/inspect.ts')
  const types = await loadTypes()
  const template = readTemplate(() => parseTemplate(format))
  const lines: string[] = []
  return {
    add: (kind, document) => {
      try {
        lines.push(`${executeOnDocument(template, types[kind], document)}\n`)
        return undefined
      } catch (error) {
        if (!(error instanceof TemplateExecutionError)) throw error
        return `template parsing error: ${error.message}`
      }
    },
    // An empty line stands for nothing at all.
    text: () => lines.join('') || '\n',
  }
}

function readTemplate<Template>(read: () => Template): Template {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new FormatError(`template parsing error: ${error.message}`)
  }
}

async function loadTypes(): Promise<Record<DocumentKind, GoType>> {
  const [{ containerType }, { imageType }, { volumeType, networkType }] = await Promise.all([
    import('../../lib/format/documents/container.ts'),
    import('../../lib/format/documents/image.ts'),
    import('../../lib/format/documents/objects.ts'),
  ])
  return {
    container: containerType(),
    image: imageType(),
    volume: volumeType(),
    network: networkType(),
  }
}
