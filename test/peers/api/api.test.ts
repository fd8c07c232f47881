import { appendFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pullBusybox } from '../../clients/images.ts'
import { startService, type TestService } from '../../helpers/service.ts'
import { makeWorld, type World } from '../../helpers/world.ts'
import { readRecording } from '../recorded.ts'
import { askCase, type Prepared } from './asker.ts'
import { differing, ownAnswer } from './differs.ts'
import { prepare, tidy } from './prepare.ts'
import { type ApiAnswer, nameOf } from './suite.ts'
import { loadApiTopics } from './topics.ts'

let world: World
let service: TestService
let prepared: Prepared

beforeAll(async () => {
  world = makeWorld('asked')
  await pullBusybox(world)
  service = await startService(world)
  prepared = await prepare(service.socket)
})
afterAll(async () => {
  if (service) await tidy(service.socket)
  // Nothing that is asked is a fault of the service.
  expect(service?.log()).toBe('')
  await service?.stop()
  await world?.remove()
})

describe.each(await loadApiTopics())('$name', ({ name: topic, cases }) => {
  const { answers } = readRecording<ApiAnswer>({ name: `api/${topic}` })

  test.each(cases.map((one) => [nameOf(one), one] as const))('%s', async (name, one) => {
    const own = ownAnswer(topic, name)
    const recorded = answers[name]
    expect(recorded, 'was never asked of the engine').toBeDefined()
    const answer = await askCase(service.socket, prepared, one)
    const wanted = own?.answer ?? recorded
    note(topic, name, answer, wanted)
    if (own) expect(answer, 'it no longer differs').not.toEqual(recorded)
    expect(answer).toEqual(wanted)
  })

  test('what was asked of the engine is asked of lighter', () => {
    const names = cases.map(nameOf)
    expect(Object.keys(answers).sort()).toEqual(names.sort())
    expect(differing(topic).filter((name) => !names.includes(name))).toEqual([])
  })
})

/** What is wrong with each case, for whoever works on them. */
function note(topic: string, name: string, answer: ApiAnswer, wanted?: Partial<ApiAnswer>): void {
  const file = process.env.LIGHTER_PEERS_REPORT
  const [is, should] = [answer, wanted].map((one) => JSON.stringify(one))
  if (file && is !== should) appendFileSync(file, `== ${topic}: ${name}\n+ ${is}\n- ${should}\n`)
}
