import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDirectory } from '../../../lib/build/context/directory.ts'
import { makeStep } from '../../../lib/build/frontend/make-step.ts'
import type { Operation, Step } from '../../../lib/build/graph.ts'
import type { StepVertex } from '../../../lib/build/solver/reporter.ts'
import { Transfers } from '../../../lib/build/solver/transfers.ts'

let root: string
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'transfers-'))
  writeFileSync(join(root, 'a'), 'four')
  writeFileSync(join(root, 'large'), Buffer.alloc(1024 * 1024))
  writeFileSync(join(root, 'other'), 'not asked for')
})
afterAll(() => rmSync(root, { recursive: true }))

const tree = () => openDirectory(root, { data: undefined, ignored: [], attributes: undefined })

const step = (operation: Operation, inputs: Step[] = []): Step =>
  makeStep({ name: '', location: undefined, inputs, operation, fresh: false })
const context = step({ type: 'tree', open: async () => tree() })
const copy = (...patterns: string[]): Step => {
  const selection = { patterns, exclude: [], parents: false }
  const rest = { isDirectory: true, owner: undefined, mode: undefined, unpack: false, label: '' }
  const action = { type: 'copy', input: 0, selection, destination: '/', ...rest } as const
  return step({ type: 'files', actions: [action], epoch: undefined }, [context])
}

async function bytesOf(steps: Step[], read = tree()): Promise<unknown[]> {
  const transfers = new Transfers()
  for (const one of steps) transfers.note(one)
  const told: unknown[] = []
  const vertex = { reading: () => undefined, read: (id: string, n: number) => told.push([id, n]) }
  await transfers.read(context.digest, read, 'of it:', vertex as unknown as StepVertex)
  return told
}

test('what steps take of a context is read once, and nothing else', async () => {
  expect(await bytesOf([copy('a'), copy('a', 'large')])).toEqual([['of it:', 1024 * 1024 + 4]])
})

test('nothing is read that no step takes', async () => {
  expect(await bytesOf([])).toEqual([['of it:', 0]])
})

test('what is missing is a matter of the step that needs it', async () => {
  expect(await bytesOf([copy('nosuch'), copy('a')])).toEqual([['of it:', 4]])
})
