import { LighterError } from '../../lib/core/errors.ts'
import { formatTimestamp, parseTimestamp } from '../../lib/core/timestamp.ts'
import { eventJson, type JournalEvent } from '../../lib/events/event.ts'
import { readEvents } from '../../lib/events/read.ts'
import type { Context } from '../context.ts'
import { parseFilters } from '../flags/filter.ts'
import type { Parsed } from '../parse.ts'

/** Docker's exit code for a template that cannot be read. */
const BAD_FORMAT = 64

/** `events`: what happened and what happens, a line each. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  let show: (event: JournalEvent) => string
  try {
    show = await chooseFormat(parsed.string('format') ?? '')
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    context.warn(error.message)
    return BAD_FORMAT
  }
  const now = Date.now()
  const since = parseBound(parsed.string('since'), now)
  const until = parseBound(parsed.string('until'), now)
  if (since !== undefined && until !== undefined && since > until) throw wrongOrder(since, until)
  const filters = parseFilters(parsed.list('filter'))
  for await (const event of readEvents(context.engine.paths.data, { since, until, filters })) {
    context.print(show(event))
  }
  return 0
}

const parseBound = (text: string | undefined, now: number): bigint | undefined =>
  text ? parseTimestamp(text, now) : undefined

const wrongOrder = (since: bigint, until: bigint): LighterError => {
  const seconds = (time: bigint): string => String(time / 1_000_000_000n)
  return new LighterError(
    'bad-input',
    `\`since\` time (${seconds(since)}) cannot be after \`until\` time (${seconds(until)})`,
  )
}

async function chooseFormat(format: string): Promise<(event: JournalEvent) => string> {
  if (format === '') return formatLine
  if (format === 'json') return eventJson
  const { eventTemplate } = await import('../output/event-format.ts')
  return eventTemplate(format)
}

/** `TIME container start ID (image=…, name=…)` */
function formatLine({ time, Type, Action, Actor }: JournalEvent): string {
  const attributes = Object.entries(Actor.Attributes)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, value]) => `${key}=${value}`)
  const details = attributes.length > 0 ? ` (${attributes.join(', ')})` : ''
  return `${formatTimestamp(time)} ${Type} ${Action} ${Actor.ID}${details}`
}
