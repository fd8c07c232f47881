import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BuildClient } from '../../../lib/build/client.ts'
import { openClientTree } from '../../../lib/build/context/client-tree.ts'
import type { FileTree } from '../../../lib/build/files.ts'
import type { Engine } from '../../../lib/engine.ts'

let into: string
let tree: FileTree
/** What was asked of the client, each time. */
let copies: (readonly string[])[]
/** Called when the client is asked; it answers once that is over. */
let answering: () => Promise<void>

beforeEach(() => {
  into = mkdtempSync(join(tmpdir(), 'client-'))
  copies = []
  const client: BuildClient = {
    directories: { context: 'context', dockerfile: 'dockerfile' },
    secret: async () => undefined,
    agent: async () => undefined,
    copy: async ({ paths }) => {
      copies.push(paths)
      await answering()
      for (const path of paths) writeFileSync(join(into, path), path)
    },
  }
  // Extended attributes count for digests only: nobody asks for one here.
  tree = openClientTree({} as Engine, client, { name: 'context', into, exclude: [] }, undefined)
})
afterEach(() => rmSync(into, { recursive: true }))

const read = async (path: string) => (await tree.readFile(path, 100))?.toString()

test('what several ask for is fetched once, also where it is on its way already', async () => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<void>()
  answering = () => {
    asked.resolve()
    return answer.promise
  }
  const early = [read('a'), read('a')]
  await asked.promise
  const late = [read('a'), read('b'), read('a')]
  answer.resolve()
  expect(await Promise.all([...early, ...late])).toEqual(['a', 'a', 'a', 'b', 'a'])
  expect(copies).toEqual([['a'], ['b']])
})

test('what could not be fetched is asked for again', async () => {
  answering = () => Promise.reject(new Error('gone'))
  await expect(read('a')).rejects.toThrow('gone')
  answering = () => Promise.resolve()
  expect(await read('a')).toBe('a')
  expect(copies).toEqual([['a'], ['a']])
})
