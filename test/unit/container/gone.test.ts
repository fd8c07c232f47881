import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readContainer, stateOf } from '../../../lib/container/catalog.ts'
import { checkReady } from '../../../lib/container/exec.ts'
import { pauseContainer, unpauseContainer } from '../../../lib/container/pause.ts'
import { killContainer, stopContainer, waitContainer } from '../../../lib/container/stop.ts'
import { ownIdentity } from '../../../lib/host/process.ts'
import { writeExecRequest } from '../../../lib/runtime/exec.ts'

const ID = 'a'.repeat(64)
let data: string
let directory: string

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'gone-'))
  directory = join(data, 'containers', ID)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'container.json'), `{"version":1,"id":"${ID}","config":{}}`)
  const { pid, startTime, bootId } = ownIdentity()
  const state = { status: 'running', pid, startTime, bootId, monitor: ownIdentity() }
  writeFileSync(join(directory, 'state.json'), JSON.stringify(state))
})
afterEach(() => rmSync(data, { recursive: true }))

/** A container that runs, as the record says, and is removed once it was found. */
const vanished = () => {
  const container = readContainer(data, ID)
  if (!container) throw new Error('not found')
  expect(stateOf(container, 'box').status).toBe('running')
  renameSync(directory, join(data, 'trash'))
  return container
}

describe('a container that goes between look-up and use is none, by the name that the user gave', () => {
  const places = () => ({ data, runtime: join(data, 'run') })
  test.each([
    ['stop', () => stopContainer(places(), vanished(), { signal: undefined, timeout: 0 }, '/box')],
    ['kill', () => killContainer(places(), vanished(), 9, '/box')],
    ['wait', () => waitContainer(join(data, 'run'), vanished(), '/box')],
    ['pause', () => pauseContainer(places(), vanished(), '/box')],
    ['unpause', () => unpauseContainer(places(), vanished(), '/box')],
    ['exec', async () => checkReady(vanished(), '/box')],
  ])('%s', async (_, use) => {
    await expect(use()).rejects.toMatchObject({
      code: 'no-such-container',
      message: 'No such container: box',
    })
    expect(existsSync(directory)).toBe(false)
  })
})

test('the request of an exec makes no directory for a container that is gone', () => {
  const request = { version: 1, process: {}, user: '', detach: false, stdin: false } as never
  expect(writeExecRequest(join(data, 'containers', 'none'), 'x', request)).toBeUndefined()
  expect(existsSync(join(data, 'containers', 'none'))).toBe(false)
  const path = writeExecRequest(directory, 'x', request)
  expect(path).toBe(join(directory, 'exec', 'x.json'))
})
