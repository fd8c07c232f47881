import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { World } from '../helpers/world.ts'
import { compare } from './compare.ts'
import { findFeatures } from './features.ts'
import { Lanes, MOST } from './lanes.ts'
import { note, readPending, readRecording } from './recorded.ts'
import { loadTopics } from './topics.ts'

const topics = await loadTopics()
let pending = readPending()

let lanes: Lanes

beforeAll(async () => {
  const addDocker = ({ home }: World) => symlinkSync(inject('program'), join(home, 'docker'))
  lanes = await Lanes.open(addDocker, MOST)
  pending = readPending(await findFeatures(lanes.first))
})
afterAll(() => lanes?.close())

describe.concurrent.each(topics)('$name', (topic) => {
  const { answers } = readRecording(topic)

  test.concurrent.each(topic.cases)('$name', async (peer) => {
    const recorded = answers[peer.name]
    if (!recorded || recorded.script.join('\n') !== peer.script)
      throw new Error(`The engine was not asked this script: npm run peers:record -- ${topic.name}`)
    const key = `${topic.name}: ${peer.name}`
    const wrong = compare(peer, recorded, await lanes.ask(key, peer.script))
    note(key, wrong)
    if (pending[key] !== undefined)
      expect(wrong, `${key} passes now: take it out of test/peers/pending.json`).not.toEqual([])
    else if (wrong.length > 0) throw new Error(`${peer.script}\n${wrong.join('\n')}`)
  })

  test('nothing is recorded that nobody asks', () => {
    expect(Object.keys(answers).sort()).toEqual(topic.cases.map(({ name }) => name).sort())
  })
})

test('pending cases exist', () => {
  const known = topics.flatMap(({ name, cases }) => cases.map((peer) => `${name}: ${peer.name}`))
  const listed = Object.keys(pending).filter((key) => !key.startsWith('build/'))
  console.log(`${listed.length} of ${known.length} cases are pending`)
  expect(listed.filter((key) => !known.includes(key))).toEqual([])
})
