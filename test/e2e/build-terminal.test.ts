import { stripVTControlCharacters } from 'node:util'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { base, writeContext } from '../helpers/builds.ts'
import { type Gate, startGate } from '../helpers/gate.ts'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let gate: Gate

beforeAll(async () => {
  world = makeWorld('build-terminal')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(() => world.remove())
beforeEach(async () => {
  gate = await startGate()
})
afterEach(() => gate.stop())

const start = (
  dockerfile: string,
  size: { rows?: number; columns?: number },
): Promise<Terminal> => {
  const context = writeContext(world, { Dockerfile: dockerfile.replaceAll('GATE', gate.url) })
  const args = ['build', '--no-cache', '--network', 'host', '-t', 'shown', context]
  return openTerminal(world, args, size)
}

/** The cursor goes back to where the frame began. */
const UP = new RegExp(`${String.fromCharCode(27)}\\[\\d+A\r`)

/** What was drawn over what, without colours: each frame with what is printed behind it. */
const framesOf = (terminal: Terminal): string[][] =>
  terminal
    .output()
    .split(UP)
    .map((frame) => stripVTControlCharacters(frame).split(/\r?\n/))

const TWO = `FROM BASE AS one
RUN echo one says it; wget -q -O - GATE/one
FROM BASE AS two
RUN wget -q -O - GATE/two
FROM BASE
COPY --from=one /bin/sh /one
COPY --from=two /bin/sh /two
`

test('stages side by side, with how many steps there are in all', async () => {
  const terminal = await start(TWO, { columns: 80 })
  await Promise.all(['one', 'two'].map((name) => gate.awaits(name)))
  await terminal.waitFor(/# one says it/)
  const frame = framesOf(terminal).at(-1) ?? []
  expect(frame[0]).toMatch(/^\[\+\] Building \d+\.\ds \(4\/8\) +docker:default$/)
  for (const name of ['one', 'two']) gate.open(name)
  expect(await terminal.exitCode()).toBe(0)
  const last = framesOf(terminal).at(-1) ?? []
  expect(last[0]).toMatch(/^\[\+\] Building \d+\.\ds \(9\/9\) FINISHED +docker:default$/)
  expect(last.filter((line) => line.length > 80)).toEqual([])
  expect(last.some((line) => /^ => \[one 2\/2\] RUN echo one says it; wget/.test(line))).toBe(true)
})

test('one fails: the others are called off, and say nothing', async () => {
  const terminal = await start(TWO.replace('wget -q -O - GATE/one', 'exit 7'), { columns: 80 })
  expect(await terminal.exitCode()).toBe(1)
  const last = framesOf(terminal).at(-1) ?? []
  expect(last[0]).toMatch(/^\[\+\] Building \d+\.\ds \(6\/8\) +docker:default$/)
  expect(last.filter((line) => /^ => (CANCELED|ERROR)/.test(line)).sort()).toEqual([
    expect.stringMatching(/^ => CANCELED \[two 2\/2\] RUN wget/),
    expect.stringMatching(/^ => ERROR \[one 2\/2\] RUN echo one says it; exit 7/),
  ])
  const told = last.slice(last.indexOf('------'))
  expect(told.slice(0, 4)).toEqual([
    '------',
    ' > [one 2/2] RUN echo one says it; exit 7:',
    expect.stringMatching(/^\d\.\d+ one says it$/),
    '------',
  ])
  expect(told.filter((line) => line === '------')).toHaveLength(2)
})

test('40 columns: nothing is wider', async () => {
  for (const name of ['one', 'two']) gate.open(name)
  const terminal = await start(TWO, { columns: 40 })
  expect(await terminal.exitCode()).toBe(0)
  const wide = framesOf(terminal).flat()
  // The first line is the terminal's name.
  expect(wide.slice(1).filter((line) => line.length > 40)).toEqual([])
  expect(wide.some((line) => line.startsWith(' => [one 2/2] RUN echo'))).toBe(true)
})

test('a terminal that becomes smaller: the frames do, too', async () => {
  const terminal = await start(TWO, { rows: 24, columns: 80 })
  await Promise.all(['one', 'two'].map((name) => gate.awaits(name)))
  await terminal.resize(8, 50)
  const before = framesOf(terminal).length
  for (let frames = 0; frames < 3; frames++) await terminal.waitFor(/\[\+\] Building/)
  for (const name of ['one', 'two']) gate.open(name)
  expect(await terminal.exitCode()).toBe(0)
  // The one that is being drawn may be of the old size; the last one has all rows.
  const frames = framesOf(terminal).slice(before + 1)
  expect(frames.flat().filter((line) => line.length > 50)).toEqual([])
  for (const frame of frames.slice(0, -1)) expect(frame.length).toBeLessThanOrEqual(8)
  expect(frames.at(-1)?.[0]).toMatch(/FINISHED/)
})
