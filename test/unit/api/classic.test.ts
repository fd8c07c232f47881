import { expect, test } from 'vitest'
import { ClassicProgress } from '../../../api/build/classic.ts'
import type { ProgressStream } from '../../../api/images/progress.ts'
import { parseDockerfile } from '../../../lib/dockerfile/parse.ts'

interface Event {
  line: number
  kind?: 'begin' | 'done' | 'cached' | 'failed' | 'stopped'
  says?: string
  errors?: string
}

/** What is said of a build of a Dockerfile in which these things happen; vertices are called by their lines. */
function tell(
  text: string,
  events: readonly Event[],
  { stages = [0], waiting = 0 }: { stages?: number[]; waiting?: number } = {},
) {
  const said: string[] = []
  const stream = {
    waiting,
    tell: ({ stream }: { stream?: string }) => void said.push(stream ?? ''),
  }
  const classic = new ClassicProgress(stream as unknown as ProgressStream, true)
  classic.plan(parseDockerfile(Buffer.from(text), 'Dockerfile'), stages)
  const now = new Date()
  for (const { line, kind, says, errors } of events) {
    const vertex = String(line)
    if (kind !== undefined) {
      classic.vertex({
        ...{ digest: vertex, name: vertex, inputs: [], line, started: now },
        ...(kind === 'begin' ? {} : { completed: now, cached: kind === 'cached' }),
        ...(kind === 'failed' ? { error: 'exit code: 1' } : {}),
        ...(kind === 'stopped' ? { error: 'context canceled' } : {}),
      })
    }
    const log = (stream: 1 | 2, data: string | Buffer) =>
      classic.log({ vertex, stream, data: Buffer.from(data), timestamp: now })
    if (says !== undefined) log(1, says)
    if (errors !== undefined) log(2, errors)
  }
  const ids = /[0-9a-f]{12}/g
  return { classic, text: () => said.join('').replace(ids, 'ID') }
}

test('instructions have their turn one after the other, whatever is done first', () => {
  const { text } = tell(
    'FROM a AS one\nRUN first\nFROM b\nRUN second\n',
    [
      { line: 3, kind: 'cached' },
      { line: 4, kind: 'begin', says: 'from two\n' },
      { line: 4, kind: 'done' },
      { line: 1, kind: 'done' },
      { line: 2, kind: 'begin', says: 'from one\n' },
    ],
    { stages: [0, 1] },
  )
  expect(text()).toBe(
    'Step 1/4 : FROM a AS one\n ---> ID\nStep 2/4 : RUN first\n ---> Running in ID\nfrom one\n',
  )
})

test('the last one waits for what was built', () => {
  const { classic, text } = tell('FROM a\nENV x=y\n', [{ line: 1, kind: 'cached' }])
  expect(text()).toBe('Step 1/2 : FROM a\n ---> ID\nStep 2/2 : ENV x=y\n')
  classic.finish(`sha256:${'0'.repeat(64)}`, ['x:latest'])
  expect(text()).toMatch(
    /ENV x=y\n ---> ID\n.*Successfully built ID\nSuccessfully tagged x:latest\n$/s,
  )
})

test('a later step of a stage says that those before it are done', () => {
  const { text } = tell('FROM a\nCOPY x /\nRUN y\nRUN z\n', [{ line: 3, kind: 'cached' }])
  expect(text()).toBe(
    'Step 1/4 : FROM a\n ---> ID\nStep 2/4 : COPY x /\n ---> ID\nStep 3/4 : RUN y\n ---> Using cache\n ---> ID\nStep 4/4 : RUN z\n',
  )
})

test('what fails is told before its turn, and what was stopped by it is not', () => {
  const { text } = tell(
    'FROM a AS one\nRUN slow\nFROM b\nRUN bad\n',
    [
      { line: 1, kind: 'done' },
      { line: 2, kind: 'begin' },
      { line: 3, kind: 'done' },
      { line: 4, kind: 'begin', says: 'oh\n', errors: 'no\n' },
      { line: 4, kind: 'failed' },
      { line: 2, kind: 'stopped' },
    ],
    { stages: [0, 1] },
  )
  expect(text()).toContain(
    'Step 3/4 : FROM b\n ---> ID\nStep 4/4 : RUN bad\n ---> Running in ID\noh\n\x1b[91mno\n\x1b[0m',
  )
})

test('stages that are not built are not told', () => {
  const { text } = tell('FROM a\nRUN x\nFROM b\nENV y=z\n', [{ line: 3, kind: 'done' }], {
    stages: [1],
  })
  expect(text()).toBe('Step 1/2 : FROM b\n ---> ID\nStep 2/2 : ENV y=z\n')
})

test('much output does not wait for its turn', () => {
  const { text } = tell(
    'FROM a AS one\nRUN slow\nFROM b\nRUN much\n',
    [
      { line: 4, kind: 'begin' },
      ...Array.from({ length: 40 }, () => ({ line: 4, says: 'x'.repeat(10_000) })),
    ],
    { stages: [0, 1] },
  )
  expect(text()).toContain('Step 4/4 : RUN much\n ---> Running in ID\nxxx')
  expect(text().length).toBeGreaterThan(400_000)
})

test('a client that does not read gets a note in place of more output', () => {
  const { text } = tell(
    'FROM a\nRUN x\nRUN y\n',
    [
      { line: 2, kind: 'begin', says: 'lost' },
      { line: 2, says: 'lost, too' },
    ],
    { waiting: 1e9 },
  )
  expect(text()).toMatch(/Running in ID\n\n\[output clipped, it comes faster than it is read\]\n$/)
})

test('characters come whole', () => {
  const bytes = Buffer.from('ü\n')
  const { classic, text } = tell('FROM a\nRUN x\nRUN y\n', [{ line: 2, kind: 'begin' }])
  for (const byte of bytes)
    classic.log({ vertex: '2', stream: 1, data: Buffer.from([byte]), timestamp: new Date() })
  expect(text()).toMatch(/Running in ID\nü\n$/)
})
