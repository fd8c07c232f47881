import { LighterError } from '../../lib/core/errors.ts'
import type { JournalEvent } from '../../lib/events/event.ts'
import { EVENT } from '../../lib/format/documents/event.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../../lib/format/errors.ts'
import { parseTemplate, type Template } from '../../lib/format/template.ts'

/** What a template makes of an event. Throws `usage` for what is no template. */
export function eventTemplate(format: string): (event: JournalEvent) => string {
  const template = read(format)
  probe(template)
  return ({ time, ...event }) => {
    const data = { ...event, time: time / 1_000_000_000n, timeNano: time }
    try {
      return template.execute({ type: EVENT, data })
    } catch (error) {
      if (!(error instanceof TemplateExecutionError)) throw error
      throw new LighterError('usage', error.message)
    }
  }
}

/** What fails on an event of nothing is no template: told before any event comes. */
function probe(template: Template): void {
  const data = { Type: '', Action: '', Actor: { ID: '', Attributes: {} }, time: 0n, timeNano: 0n }
  try {
    template.execute({ type: EVENT, data })
  } catch (error) {
    if (!(error instanceof TemplateExecutionError)) throw error
    throw new LighterError('usage', `Error parsing format: ${error.message}`)
  }
}

function read(format: string): Template {
  try {
    return parseTemplate(format)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new LighterError('usage', `Error parsing format: ${error.message}`)
  }
}
