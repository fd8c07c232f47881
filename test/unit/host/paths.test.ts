import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ensurePaths, findPaths } from '../../../lib/host/paths.ts'

const uid = process.getuid?.() ?? 0
let home: string

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lighter-paths-'))
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

/** A directory of this user that `findPaths` is told belongs to another: for it, `uid + 1` is asking. */
const stranger = uid + 1

test('XDG directories of this user are believed', () => {
  const runtime = join(home, 'run')
  mkdirSync(runtime, { mode: 0o700 })
  const environment = { HOME: home, XDG_DATA_HOME: join(home, 'data'), XDG_RUNTIME_DIR: runtime }
  const paths = findPaths(environment, uid)
  if (uid === 0) expect(paths).toMatchObject({ data: '/var/lib/lighter', runtime: '/run/lighter' })
  else
    expect(paths).toMatchObject({
      data: join(home, 'data/lighter'),
      runtime: join(runtime, 'lighter'),
    })
})

test('those of another user are not', () => {
  const environment = { HOME: home, XDG_DATA_HOME: home, XDG_RUNTIME_DIR: home }
  const paths = findPaths(environment, stranger)
  expect(paths.data.startsWith(home)).toBe(false)
  expect(paths.runtime.startsWith(home)).toBe(false)
})

test('a runtime directory that others may enter is not used', () => {
  const runtime = join(home, 'run')
  mkdirSync(runtime)
  chmodSync(runtime, 0o755)
  const paths = findPaths({ HOME: home, XDG_RUNTIME_DIR: runtime }, uid)
  expect(paths.runtime.startsWith(runtime)).toBe(false)
})

test('LIGHTER_DATA_DIR moves everything, relative ones are refused', () => {
  const paths = findPaths({ HOME: home, LIGHTER_DATA_DIR: join(home, 'store') }, uid)
  expect(paths.data).toBe(join(home, 'store'))
  expect(paths.runtime).toMatch(new RegExp(`^${join(home, 'store/run')}/[0-9a-f]{8}$`))
  expect(() => findPaths({ HOME: home, LIGHTER_DATA_DIR: 'store' }, uid)).toThrow('absolute')
})

test('the directories are made private, once, and their format is checked', () => {
  const paths = findPaths({ HOME: home, LIGHTER_DATA_DIR: join(home, 'store') }, uid)
  ensurePaths(paths, uid)
  ensurePaths(paths, uid)
  expect(readFileSync(join(paths.data, 'version'), 'utf8')).toBe('1\n')
  expect(statSync(paths.data).mode & 0o777).toBe(0o700)
  expect(statSync(paths.runtime).mode & 0o777).toBe(0o700)
  writeFileSync(join(paths.data, 'version'), '2\n')
  expect(() => ensurePaths(paths, uid)).toThrow('has format 2')
})

test('the data of another user is left alone', () => {
  const paths = findPaths({ HOME: home, LIGHTER_DATA_DIR: join(home, 'store') }, uid)
  expect(() => ensurePaths(paths, stranger)).toThrow(`belongs to the user with id ${uid}`)
})

test('a place where nothing can be made is an error, not a wait for ever', () => {
  const paths = findPaths({ HOME: home, LIGHTER_DATA_DIR: '/proc/nosuch/store' }, uid)
  expect(() => ensurePaths(paths, uid)).toThrow('Cannot make the directory /proc/nosuch/store')
})
