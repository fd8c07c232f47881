import { spawn } from 'node:child_process'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../../helpers/world.ts'
import { note, readPending, readRecording } from '../recorded.ts'
import { compareBuilds, type RawAnswer, readAnswer } from './answer.ts'
import { caseDigest, type KeptAnswer, scriptOf } from './suite.ts'
import { differing, loadBuildTopics } from './topics.ts'

const topics = await loadBuildTopics()
const pending = readPending()

/** Cases run side by side, each alone in a world. */
const LANES = 3
const worlds: World[] = []
const free: World[] = []
const waiting: ((world: World) => void)[] = []

beforeAll(async () => {
  for (let lane = 0; lane < LANES; lane++) worlds.push(makeWorld('builds'))
  await Promise.all(worlds.map(prepare))
  free.push(...worlds)
})
afterAll(() => Promise.all(worlds.map((world) => world.remove())))

/** `docker` is lighter; `busybox` and `debian` are there as the recorded engine has them. */
async function prepare(world: World): Promise<void> {
  symlinkSync(inject('program'), join(world.home, 'docker'))
  world.env.PATH = `${world.home}:${world.env.PATH}`
  for (const [image, name] of [
    ['busybox:latest', 'busybox'],
    ['debian:bookworm', 'debian'],
  ] as const)
    for (const args of [
      ['pull', '-q', `${inject('registry')}/${image}`],
      ['tag', `${inject('registry')}/${image}`, name],
    ])
      expect(await world.lighter(args)).toMatchObject({ exitCode: 0 })
}

async function ask(script: string): Promise<RawAnswer> {
  const world = free.pop() ?? (await new Promise<World>((resolve) => waiting.push(resolve)))
  try {
    return await runScript(world, script)
  } finally {
    const next = waiting.shift()
    if (next) next(world)
    else free.push(world)
  }
}

/** Standard output is an archive, which is no text. */
function runScript({ ids, home, env }: World, script: string): Promise<RawAnswer> {
  const child = spawn('bash', ['-c', script], { ...ids, cwd: home, env, stdio: 'pipe' })
  const parts: Buffer[] = []
  let stderr = ''
  child.stdin.end()
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) =>
      resolve({ exitCode: code ?? 137, stdout: Buffer.concat(parts), stderr }),
    )
  })
}

describe.concurrent.each(topics)('$name', (topic) => {
  const { answers } = readRecording<KeptAnswer>(topic)

  test.concurrent.each(topic.cases)('$name', async (each) => {
    const recorded = answers[each.name]
    if (recorded?.asked !== caseDigest(each))
      throw new Error(`The engine was not asked this: npm run peers:record -- ${topic.name}`)
    const key = `${topic.name}: ${each.name}`
    const raw = await ask(scriptOf(each))
    const wrong = compareBuilds(each, recorded, readAnswer(raw)).map(({ text }) => text)
    if (wrong.length > 0) wrong.push(`it said:\n${raw.stderr}`)
    note(key, wrong)
    if (pending[key] !== undefined)
      expect(wrong, `${key} passes now: take it out of test/peers/pending.json`).not.toEqual([])
    else if (wrong.length > 0) throw new Error(`${each.dockerfile}\n${wrong.join('\n')}`)
  })

  test('nothing is recorded that nobody asks', () => {
    expect(Object.keys(answers).sort()).toEqual(topic.cases.map(({ name }) => name).sort())
  })
})

test('pending builds exist', () => {
  const known = topics.flatMap(({ name, cases }) => cases.map((each) => `${name}: ${each.name}`))
  const listed = Object.keys(pending).filter((key) => key.startsWith('build/'))
  expect(listed.filter((key) => !known.includes(key))).toEqual([])
  expect(differing().filter((key) => !known.includes(key))).toEqual([])
})
