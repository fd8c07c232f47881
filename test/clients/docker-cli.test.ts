import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { dockerPrograms } from '../fixtures/clients.ts'
import { startService, type TestService } from '../helpers/service.ts'
import type { World } from '../helpers/world.ts'
import { compare } from '../peers/compare.ts'
import { findFeatures } from '../peers/features.ts'
import { Lanes } from '../peers/lanes.ts'
import { note, readHostPending, readPending, readRecording } from '../peers/recorded.ts'
import type { Answer, PeerCase } from '../peers/suite.ts'
import { loadTopics } from '../peers/topics.ts'
import { hasNewerWords, inNewerWords } from './newer-words.ts'

/** What of the scripts is about lighter's command line and asks no engine: its help, its own words, the files of contexts. */
const NOT_OF_THE_ENGINE = new Set(['contexts', 'help'])

/** Two processors need minutes for all cases, so that usually one of so many runs; each topic has its share. */
const SHARE = 3

const { LIGHTER_CLIENT_CASES: wanted = '' } = process.env
if (!['', 'all'].includes(wanted))
  throw new Error(`LIGHTER_CLIENT_CASES is all or nothing: ${wanted}`)

/** What a client of version 28 does in its own way, by `<topic>: <case>`; without an answer it has none that is always the same. */
const OF_NEWER: Record<string, Partial<Answer> & { why: string }> = JSON.parse(
  readFileSync(new URL('docker-cli-28.json', import.meta.url), 'utf8'),
)
const client = dockerPrograms(inject('cache'))
const isNewer = hasNewerWords(execFileSync(client.docker, ['--version'], { encoding: 'utf8' }))

/** Whether this client can be asked that. */
const hasAnswer = (key: string): boolean =>
  !isNewer || Object.keys(OF_NEWER[key] ?? { answer: true }).some((name) => name !== 'why')

const topics = (await loadTopics()).filter(({ name }) => !NOT_OF_THE_ENGINE.has(name))
const chosen = topics.map(({ name, cases }) => ({
  name,
  cases: cases
    .filter((_, index) => wanted === 'all' || index % SHARE === 0)
    .filter((peer) => hasAnswer(`${name}: ${peer.name}`)),
}))
/** What this list has, and what no client can have on a host like this. */
const OWN_PENDING = new URL('docker-cli-pending.json', import.meta.url)
/** Why a case does not pass with Docker's client, by `<topic>: <case>`. */
let pending: Record<string, string> = {}

let lanes: Lanes
const services: TestService[] = []

beforeAll(async () => {
  lanes = await Lanes.open(addDocker)
  const features = await findFeatures(lanes.first)
  pending = { ...readHostPending(features), ...readPending(features, OWN_PENDING) }
})
afterAll(async () => {
  for (const service of services) await service.stop()
  await lanes?.close()
})

/** `docker` is Docker's own client; the engine that it asks is lighter's service. */
async function addDocker(world: World): Promise<void> {
  const { docker, plugins } = client
  const service = await startService(world)
  services.push(service)
  await world.run('mkdir', ['.docker'])
  await world.run('ln', ['-s', plugins, '.docker/cli-plugins'])
  // Some cases bring a configuration of their own.
  const script = `#!/bin/sh
export DOCKER_HOST=${service.host}
test "$1" = buildx && mkdir -p "\${DOCKER_CONFIG:=$HOME/.docker}" && ln -sfn ${plugins} "$DOCKER_CONFIG/cli-plugins"
exec ${docker} "$@"
`
  writeFileSync(join(world.home, 'docker'), script, { mode: 0o755 })
}

/** What the engine answered, as this client would have told it. */
function expected(key: string, recorded: Answer): Answer {
  if (!isNewer) return recorded
  const { why: _, ...own } = OF_NEWER[key] ?? { why: '' }
  return { ...inNewerWords(recorded), ...own }
}

/** As the engine answered, or as lighter answers on purpose. */
function compareEither(peer: PeerCase, recorded: Answer, answer: Answer): string[] {
  const { differs, ...bare } = peer
  const wrong = compare(bare, recorded, answer)
  return wrong.length > 0 && differs && compare(peer, recorded, answer).length === 0 ? [] : wrong
}

describe.concurrent.each(chosen)('$name', (topic) => {
  const { answers } = readRecording(topic)

  test.concurrent.each(topic.cases)('$name', async (peer) => {
    const recorded = answers[peer.name]
    if (!recorded) throw new Error(`The engine was not asked this script: ${peer.name}`)
    const key = `${topic.name}: ${peer.name}`
    const wrong = compareEither(peer, expected(key, recorded), await lanes.ask(key, peer.script))
    note(key, wrong)
    if (pending[key] !== undefined)
      expect(wrong, `${key} passes now: take it out of the list`).not.toEqual([])
    else if (wrong.length > 0) throw new Error(`${peer.script}\n${wrong.join('\n')}`)
  })
})

test('the service has no fault to tell of', () => {
  expect(services.map((service) => service.log()).join('')).toBe('')
})

test('pending cases exist', () => {
  const known = topics.flatMap(({ name, cases }) => cases.map((peer) => `${name}: ${peer.name}`))
  const listed = [...Object.keys(readPending(new Set(), OWN_PENDING)), ...Object.keys(OF_NEWER)]
  expect(listed.filter((key) => !known.includes(key))).toEqual([])
})
