import { copyFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'
import { compare } from './compare.ts'
import { Lane } from './lane.ts'
import { normaliseLines } from './normalise.ts'
import { type HostFeature, note, readPending, readRecording } from './recorded.ts'
import { type Answer, PRELUDE, TIME_LIMIT } from './suite.ts'
import { loadTopics } from './topics.ts'

const topics = await loadTopics()
let pending = readPending()

/** Cases run side by side, each alone in a world: they list and prune all containers that they see. */
const LANES = 3
const worlds: World[] = []
const free: Lane[] = []
const waiting: ((lane: Lane) => void)[] = []

beforeAll(async () => {
  for (let lane = 0; lane < LANES; lane++) worlds.push(makeWorld('peers'))
  await Promise.all(worlds.map(prepare))
  pending = readPending(await findFeatures())
  free.push(...worlds.map((world) => new Lane(world)))
})
afterAll(() => Promise.all(worlds.map((world) => world.remove())))

/** `docker` is lighter, and `busybox` is the only image. */
async function prepare(world: World): Promise<void> {
  symlinkSync(inject('program'), join(world.home, 'docker'))
  addVolumePlugin(world)
  world.env.PATH = `${world.home}:${world.env.PATH}`
  const image = `${inject('registry')}/busybox:latest`
  for (const args of [
    ['pull', '-q', image],
    ['tag', image, 'busybox'],
    ['rmi', image],
  ])
    expect(await world.lighter(args)).toMatchObject({ exitCode: 0 })
}

/** The command that starts the plugin of the topic `volume-plugins`. */
function addVolumePlugin({ home }: World): void {
  const script = join(home, 'plugin.mjs')
  copyFileSync(new URL('../fixtures/volume-plugin/plugin.mjs', import.meta.url), script)
  const command = `#!/bin/sh\nexec ${process.execPath} ${script} "$@"\n`
  writeFileSync(join(home, 'volume-plugin'), command, { mode: 0o755 })
}

async function findFeatures(): Promise<Set<HostFeature>> {
  const limits = '{{.MemoryLimit}} {{.CPUShares}} {{.PidsLimit}}'
  const info = await worlds[0]?.lighter(['info', '--format', limits])
  return new Set(info?.stdout.trim() === 'true true true' ? ['controllers'] : [])
}

async function ask(name: string, script: string): Promise<Answer> {
  const lane = free.pop() ?? (await new Promise<Lane>((resolve) => waiting.push(resolve)))
  try {
    const limit = ['-k', '1', String(TIME_LIMIT)]
    const { exitCode, stdout, stderr } = await lane.world.run('timeout', [
      ...[...limit, 'bash', '-c', PRELUDE + script],
    ])
    await lane.cleanUp(name)
    return { exitCode, stdout: normaliseLines(stdout), stderr: normaliseLines(stderr) }
  } finally {
    const next = waiting.shift()
    if (next) next(lane)
    else free.push(lane)
  }
}

describe.concurrent.each(topics)('$name', (topic) => {
  const { answers } = readRecording(topic)

  test.concurrent.each(topic.cases)('$name', async (peer) => {
    const recorded = answers[peer.name]
    if (!recorded || recorded.script.join('\n') !== peer.script)
      throw new Error(`The engine was not asked this script: npm run peers:record -- ${topic.name}`)
    const key = `${topic.name}: ${peer.name}`
    const wrong = compare(peer, recorded, await ask(key, peer.script))
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
