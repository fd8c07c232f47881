import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { until, untilOpen } from '../helpers/until.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
let id: string
const lighter = (...args: string[]) => world.lighter(args)
const journal = () => join(world.data, 'events/journal.jsonl')
const soon = (seconds: number) => String(Date.now() / 1000 + seconds)

beforeAll(async () => {
  world = makeWorld('events')
  const created = await lighter(
    'create',
    '--name',
    'web',
    '-l',
    'a=b',
    '-v',
    'data:/d',
    image,
    'true',
  )
  id = created.stdout.trim()
})
afterAll(() => world.remove())

/** Type and action of every event so far. */
async function actions(...filters: string[]): Promise<string[]> {
  const outcome = await lighter('events', '--since', '0', '--until', '0s', ...filters)
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  const lines = outcome.stdout.split('\n').filter(Boolean)
  return lines.map(
    (line) => /^\S+ (\S+ .*?) (?:[0-9a-f]{64}|data|sha256:\S+)? ?\(/.exec(line)?.[1] ?? line,
  )
}

test("a line has Docker's form", async () => {
  const outcome = await lighter('events', '--since', '0', '--until', '0s', '-f', 'event=create')
  const time = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)`
  expect(outcome.stdout.split('\n')).toEqual([
    expect.stringMatching(new RegExp(`^${time} volume create data \\(driver=local\\)$`)),
    expect.stringMatching(
      new RegExp(`^${time} container create ${id} \\(a=b, image=${image}, name=web\\)$`),
    ),
    '',
  ])
})

test('--format takes templates', async () => {
  const args = ['--since', '0', '--until', '0s', '-f', 'event=create', '--format']
  const template = '{{.Type}} {{.Status}} {{.Actor.Attributes.driver}}'
  expect((await lighter('events', ...args, template)).stdout).toBe(
    'volume  local\ncontainer create <no value>\n',
  )
  const whole = (await lighter('events', ...args, '{{json .}}')).stdout
  expect(whole).toBe((await lighter('events', ...args, 'json')).stdout)
})

test('--format json is what jq scripts for Docker read', async () => {
  const args = ['--since', '0', '--until', '0s', '-f', 'type=container', '--format', 'json']
  const event = JSON.parse((await lighter('system', 'events', ...args)).stdout.split('\n')[0] ?? '')
  expect(Object.keys(event)).toEqual([
    'status',
    'id',
    'from',
    'Type',
    'Action',
    'Actor',
    'scope',
    'time',
    'timeNano',
  ])
  expect(event).toMatchObject({
    status: 'create',
    id,
    from: image,
    Actor: { ID: id, Attributes: { a: 'b', image, name: 'web' } },
  })
})

test('the life of a container', async () => {
  await lighter('start', 'web')
  await lighter('wait', 'web')
  await lighter('run', '-d', '--name', 'long', image, 'sleep', '1000')
  await lighter('exec', 'long', 'ls', '-d', '/')
  await lighter('kill', '-s', 'HUP', 'long')
  await lighter('stop', '-t', '0', 'long')
  await lighter('rm', '-v', 'long', 'web')
  // What the monitor tells is another's test.
  const own = (await actions()).filter(
    (action) => !/ (start|die|exec_die|connect|disconnect|unmount|oom)$/.test(action),
  )
  expect(own).toEqual([
    'volume create',
    'container create',
    'volume mount',
    'container create',
    'container exec_create: ls -d /',
    'container exec_start: ls -d /',
    'container kill',
    'container kill',
    'container kill',
    'container stop',
    'container destroy',
    'container destroy',
  ])
})

test('with an end alone all that happened before it is told', async () => {
  const { stdout } = await lighter('events', '--since', '0', '--until', '0s', '-f', 'event=create')
  expect(stdout).not.toBe('')
  expect((await lighter('events', '--until', '0s', '-f', 'event=create')).stdout).toBe(stdout)
})

test('images', async () => {
  await lighter('tag', image, 'x:1')
  await lighter('rmi', 'x:1')
  expect(await actions('-f', 'type=image')).toEqual(['image tag', 'image untag'])
})

describe('following', () => {
  test('sees what comes, over a new file', async () => {
    const child = world.start(['events', '-f', 'event=create', '-f', 'type=container'])
    try {
      let said = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        said += text
      })
      await untilOpen(child.pid, /journal\.jsonl$/)
      await lighter('create', '--name', 'one', image)
      renameSync(journal(), `${journal()}.1`)
      await lighter('create', '--name', 'two', image)
      await until(() => said.includes('name=two'))
      expect([...said.matchAll(/name=(\w+)/g)].map(([, name]) => name)).toEqual(['one', 'two'])
    } finally {
      child.kill()
    }
    await lighter('rm', 'one', 'two')
  })

  test('ends in time', async () => {
    expect(await lighter('events', '--until', soon(2))).toMatchObject({ exitCode: 0 })
  })

  test('an event is told at once', async () => {
    const child = world.start(['events', '-f', 'event=tag'])
    try {
      await untilOpen(child.pid, /journal\.jsonl$/)
      const told = new Promise<string>((resolve) =>
        child.stdout.once('data', (bytes) => resolve(String(bytes))),
      )
      await lighter('tag', image, 'y:1')
      expect(await told).toContain('image tag')
    } finally {
      child.kill()
    }
  })
})

test('a torn line hides no other event', async () => {
  const text = readFileSync(journal(), 'utf8')
  writeFileSync(journal(), `${text.slice(0, 100)}\n${text}`)
  expect((await actions()).length).toBeGreaterThan(0)
})

test.each([
  [['--since', 'x'], 1, 'failed to parse value as time or duration: "x"\n'],
  [['--until', 'x'], 1, 'failed to parse value as time or duration: "x"\n'],
  [
    ['--since', '10', '--until', '5'],
    1,
    'Error response from daemon: `since` time (10) cannot be after `until` time (5)\n',
  ],
  [['--format', '{{'], 64, 'Error parsing format: template: :1: unclosed action\n'],
  [
    ['--filter', 'foo'],
    125,
    'invalid argument "foo" for "-f, --filter" flag: bad format of filter (expected name=value)\nSee \'lighter events --help\'.\n',
  ],
])('%j is refused', async (args, exitCode, stderr) => {
  expect(await lighter('events', ...args)).toEqual({ exitCode, stdout: '', stderr })
})
