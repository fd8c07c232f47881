import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { goneMeanwhile, type View, viewArguments } from '../../../lib/runtime/view.ts'

let work: string
let view: View
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'view-'))
  view = {
    directory: join(work, 'abc'),
    idMap: { uids: [], gids: [] },
    rootfs: { driver: 'overlay', lower: ['/l'], upper: '/u', work: '/w' },
    started: false,
    mounts: [],
  } as unknown as View
})
afterEach(() => rmSync(work, { recursive: true, force: true }))

test('a view is written below the container, each time anew', () => {
  mkdirSync(view.directory)
  const [one, two] = [viewArguments(view), viewArguments(view)]
  for (const [flag, path = ''] of [one, two]) {
    expect(flag).toBe('--view')
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual(view)
  }
  expect(one).not.toEqual(two)
  expect(goneMeanwhile(view)).toBeUndefined()
})

test('a container that has been removed does not come back for it', () => {
  expect(() => viewArguments(view)).toThrow('No such container: abc')
  expect(existsSync(view.directory)).toBe(false)
  expect(goneMeanwhile(view)).toMatchObject({ code: 'no-such-container' })
})
