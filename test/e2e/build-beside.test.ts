import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { base, writeContext } from '../helpers/builds.ts'
import { type Gate, startGate } from '../helpers/gate.ts'
import { until } from '../helpers/until.ts'
import { finish, makeWorld, type Outcome, type World } from '../helpers/world.ts'

let world: World
let gate: Gate

beforeAll(async () => {
  world = makeWorld('build-beside')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  // What the build that was killed had begun.
  await world.lighter(['system', 'prune', '-f'])
  await world.remove()
})
beforeEach(async () => {
  gate = await startGate()
})
afterEach(() => gate.stop())

/** A build that is under way. */
function start(dockerfile: string): {
  said: () => string
  kill: () => void
  outcome: Promise<Outcome>
} {
  const directory = writeContext(world, { Dockerfile: dockerfile })
  const args = ['build', '--progress', 'plain', '--network', 'host', '-t', 'x', directory]
  const child = world.start(args)
  let said = ''
  child.stderr.on('data', (text: string) => {
    said += text
  })
  return { said: () => said, kill: () => child.kill('SIGKILL'), outcome: finish(child) }
}

const works = { exitCode: 0 }

describe('a cache that two builds have at once', () => {
  /** Marks the cache, stands still, and tells what is in it then. */
  const using = (sharing: string, name: string) =>
    start(`FROM BASE
RUN --mount=type=cache,id=${sharing},target=/c,sharing=${sharing} touch /c/${name} && \\
  wget -q -O - ${gate.url}/${name} && echo ${name} has: $(ls /c)
`)

  test('shared: each sees what the other has written', async () => {
    const a = using('shared', 'a')
    await gate.awaits('a')
    const b = using('shared', 'b')
    await gate.awaits('b')
    gate.open('a')
    gate.open('b')
    expect(await a.outcome, a.said()).toMatchObject(works)
    expect(await b.outcome, b.said()).toMatchObject(works)
    expect(a.said()).toMatch(/ a has: a b\n/)
    expect(b.said()).toMatch(/ b has: a b\n/)
  })

  test('private: the other one gets its own, and who comes later one of both', async () => {
    const a = using('private', 'a')
    await gate.awaits('a')
    const b = using('private', 'b')
    await gate.awaits('b')
    gate.open('a')
    gate.open('b')
    expect(await a.outcome, a.said()).toMatchObject(works)
    expect(await b.outcome, b.said()).toMatchObject(works)
    expect(a.said()).toMatch(/ a has: a\n/)
    expect(b.said()).toMatch(/ b has: b\n/)
    gate.open('later')
    const later = using('private', 'later')
    expect(await later.outcome, later.said()).toMatchObject(works)
    expect(later.said()).toMatch(/ later has: (a|b) later\n/)
  })

  test('locked: the other one waits', async () => {
    const a = using('locked', 'a')
    await gate.awaits('a')
    const b = using('locked', 'b')
    await until(() => /\] RUN /.test(b.said()))
    gate.open('b')
    // Long enough for a step that does not wait.
    await new Promise((resolve) => setTimeout(resolve, 1_500))
    expect(gate.came).toEqual(['a'])
    gate.open('a')
    expect(await a.outcome, a.said()).toMatchObject(works)
    expect(await b.outcome, b.said()).toMatchObject(works)
    expect(a.said()).toMatch(/ a has: a\n/)
    expect(b.said()).toMatch(/ b has: a b\n/)
  })

  test('locked: the end of one that is killed is the beginning of the other', async () => {
    const a = using('locked', 'first')
    await gate.awaits('first')
    const b = using('locked', 'second')
    await until(() => /\] RUN /.test(b.said()))
    gate.open('second')
    a.kill()
    await a.outcome
    expect(await b.outcome, b.said()).toMatchObject(works)
    expect(b.said()).toMatch(/ second has: .*first.* second/)
  })
})
