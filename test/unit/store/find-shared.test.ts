import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findSharedStores } from '../../../lib/store/find-shared.ts'

let home: string
let paths: { data: string; config: string }
const machine = () => join(home, 'machine.json')
const find = (wanted?: string) => findSharedStores(wanted, paths, machine())
const write = (path: string, stores: unknown) =>
  writeFileSync(path, JSON.stringify({ 'additional-image-stores': stores }))

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lighter-stores-'))
  paths = { data: join(home, 'data'), config: join(home, 'config.json') }
  mkdirSync(paths.data)
})
afterEach(() => rmSync(home, { recursive: true, force: true }))

test('the variable comes before the user, who comes before the machine', () => {
  expect(find()).toEqual([])
  write(machine(), ['/machine'])
  expect(find()).toEqual(['/machine'])
  writeFileSync(paths.config, '{"uplink":"pasta"}')
  expect(find()).toEqual(['/machine'])
  write(paths.config, ['/one', '/two', '/one'])
  expect(find()).toEqual(['/one', '/two'])
  expect(find('/x:/y:')).toEqual(['/x', '/y'])
  expect(find('')).toEqual([])
  write(paths.config, [])
  expect(find()).toEqual([])
})

test('the own store is none of others, whatever it is called', () => {
  symlinkSync('data', join(home, 'link'))
  expect(find(`${paths.data}:${join(home, 'link')}:${paths.data}/:/other`)).toEqual(['/other'])
})

test('what is no list of absolute paths is said so', () => {
  expect(() => find('/x:y')).toThrow('"y"')
  for (const wrong of ['/x', ['x'], [1], null]) {
    write(machine(), wrong)
    expect(() => find()).toThrow(`${machine()}: "additional-image-stores" must be a list`)
  }
})
