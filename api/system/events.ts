import { eventJson } from '../../lib/events/event.ts'
import { readEvents } from '../../lib/events/read.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { deathIsKnown } from '../streams/deaths.ts'

/** `GET /events`: what happened and what happens, a JSON document a line. */
export async function events({ service, engine, query, reply, signal }: Call): Promise<void> {
  const since = instant(query.text('since'))
  const until = instant(query.text('until'))
  if (since !== undefined && until !== undefined && since > until) {
    throw badRequest(
      `\`since\` time (${seconds(since)}) cannot be after \`until\` time (${seconds(until)})`,
    )
  }
  const filters = query.filters()
  const found = readEvents(engine.paths.data, { since, until, filters, signal })
  // What the client does once it hears of us must be among them.
  let next = found.next()
  const answer = reply.stream('application/json')
  for (let result = await next; !result.done; result = await next) {
    const { Type, Action, Actor } = result.value
    if (Type === 'container' && Action === 'die') {
      await service.stops.settled(Actor.ID)
      await deathIsKnown(engine.paths.data, result.value, signal)
    }
    await answer.write(`${eventJson(result.value)}\n`)
    next = found.next()
  }
  answer.end()
}

const seconds = (time: bigint): bigint => time / 1_000_000_000n

/** Seconds since 1970, `1700000000.5`, as nanoseconds; clients bring other words into this form. Throws 400. */
function instant(text: string): bigint | undefined {
  if (text === '') return undefined
  const [, whole, fraction = ''] = /^(-?\d{1,10})(?:\.(\d{1,9}))?$/.exec(text) ?? []
  if (whole === undefined) {
    const wrong = /^-?\d{1,10}\.(.*)$/s.exec(text)?.[1] ?? text
    throw badRequest(`strconv.ParseInt: parsing ${JSON.stringify(wrong)}: invalid syntax`)
  }
  return BigInt(`${whole}${fraction.padEnd(9, '0')}`)
}
