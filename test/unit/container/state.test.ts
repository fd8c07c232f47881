import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { listContainers, readContainer, withState } from '../../../lib/container/catalog.ts'

const ID = 'a'.repeat(64)
let data: string
let directory: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'state-'))
  directory = join(data, 'containers', ID)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'container.json'), '{"version":1}')
})
afterEach(() => rmSync(data, { recursive: true }))

const found = () => {
  const container = readContainer(data, ID)
  if (!container) throw new Error('not found')
  return container
}

test('a container without a recorded state never ran', () => {
  expect(withState(found())?.state).toEqual({ status: 'created' })
  expect(listContainers(data).map(({ state }) => state.status)).toEqual(['created'])
})

test('a container that goes after its record was read is not one that never ran', () => {
  writeFileSync(join(directory, 'state.json'), '{"status":"exited","startedAt":"x"}')
  const container = found()
  renameSync(directory, join(data, 'trash'))
  expect(withState(container)).toBeUndefined()
})
