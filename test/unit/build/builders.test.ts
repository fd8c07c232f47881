import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  currentBuilder,
  defaultBuilder,
  findBuilder,
  listBuilders,
  parseBuilderName,
  parseDriver,
  removeBuilder,
  saveBuilder,
  useBuilder,
} from '../../../lib/build/builders.ts'

let data: string
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'builders-'))
})
afterEach(() => rmSync(data, { recursive: true }))

const builder = {
  name: 'ci',
  driver: 'docker-container',
  nodes: [{ name: 'ci0', endpoint: 'default', platforms: [], flags: '--debug', options: {} }],
}

test('a builder is made, used and removed', () => {
  expect(currentBuilder(data)).toBe(defaultBuilder)
  saveBuilder(data, builder)
  expect(listBuilders(data)).toEqual([builder])
  expect(findBuilder(data, 'CI')).toEqual(builder)
  useBuilder(data, 'ci')
  expect(currentBuilder(data)).toEqual(builder)
  removeBuilder(data, 'ci')
  expect(currentBuilder(data)).toBe(defaultBuilder)
  expect(listBuilders(data)).toEqual([])
})

test('the usual one is always there', () => {
  expect(findBuilder(data, 'default')).toBe(defaultBuilder)
  useBuilder(data, 'default')
  expect(currentBuilder(data)).toBe(defaultBuilder)
})

test.each(['nosuch', '../builders/ci', '', '1'])('%j is none', (name) => {
  saveBuilder(data, builder)
  expect(() => findBuilder(data, name)).toThrow(`no builder ${JSON.stringify(name)} found`)
})

test('records that are damaged are none', () => {
  saveBuilder(data, builder)
  writeFileSync(join(data, 'builders/ci.json'), '{')
  writeFileSync(join(data, 'builders/other.json'), '{"version":2,"driver":"x","nodes":[]}')
  writeFileSync(join(data, 'builders/current'), '[]')
  expect(listBuilders(data)).toEqual([])
  expect(currentBuilder(data)).toBe(defaultBuilder)
})

test('names and drivers', () => {
  expect(parseBuilderName('My.builder-1')).toBe('my.builder-1')
  for (const name of ['', '1zz', 'a/b', '..']) {
    expect(() => parseBuilderName(name)).toThrow(`invalid name ${name}, name needs to start`)
  }
  expect(parseDriver('')).toBe('docker-container')
  expect(() => parseDriver('docker')).toThrow('additional instances of driver "docker"')
  expect(() => parseDriver('remote')).toThrow('builds run in this very session')
  expect(() => parseDriver('zz')).toThrow('failed to find driver "zz"')
})
