import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('rename')
  await lighter('run', '-d', '--name', 'old', image, 'sleep', '1000')
  await lighter('create', '--name', 'other', image)
})
afterAll(() => world.remove())

test('a running container has the new name everywhere, the old one is free', async () => {
  const hosts = (await lighter('exec', 'old', 'cat', '/etc/hosts')).stdout
  expect(await lighter('rename', 'old', '/new')).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  expect((await lighter('ps', '--no-trunc')).stdout).toMatch(/ new\n/)
  expect(JSON.parse((await lighter('inspect', 'new')).stdout)[0].Name).toBe('/new')
  expect((await lighter('exec', 'new', 'cat', '/etc/hosts')).stdout).toBe(hosts)
  expect((await lighter('exec', 'old', 'true')).stderr).toBe(
    'Error response from daemon: No such container: old\n',
  )
  expect((await lighter('create', '--name', 'old', image)).exitCode).toBe(0)
  expect((await lighter('rm', 'old')).exitCode).toBe(0)
  const events = ['events', '--since', '0', '--until', '0s', '-f', 'event=rename']
  expect((await lighter(...events)).stdout).toContain('name=new, oldName=/old)')
})

test('the end of a container is told and its name freed under the new name', async () => {
  const run = ['run', '-d', '--rm', '--name', 'before', image, 'sleep', '1000']
  await lighter(...run)
  await lighter('rename', 'before', 'after')
  await lighter('kill', 'after')
  const told = ['--since', '0', '--until', '0s', '-f', 'event=die', '--format']
  const { stdout } = await lighter('events', ...told, '{{.Actor.Attributes.name}}')
  expect(stdout.trim().split('\n').at(-1)).toBe('after')
  await expect
    .poll(() => readdirSync(join(world.data, 'names')).toSorted())
    .toEqual(['new', 'other'])
})

const failed = (name: string) => `Error: failed to rename container named ${name}\n`
const daemon = 'Error response from daemon: '

test.each([
  [
    'new',
    'new',
    `${daemon}Renaming a container with the same name as its current name\n${failed('new')}`,
  ],
  ['new', '', 'Error: Neither old nor new names may be empty\n'],
  ['', 'x', 'Error: Neither old nor new names may be empty\n'],
  ['nosuch', 'x', `${daemon}No such container: nosuch\n${failed('nosuch')}`],
  [
    'new',
    'a b',
    `${daemon}Error when allocating new name: Invalid container name (/a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed\n${failed('new')}`,
  ],
])('%s to "%s"', async (from, to, stderr) => {
  expect(await lighter('rename', from, to)).toEqual({ exitCode: 1, stdout: '', stderr })
})

test('the name of another container', async () => {
  const id = JSON.parse((await lighter('inspect', 'other')).stdout)[0].Id
  expect(await lighter('rename', 'new', 'other')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: `${daemon}Error when allocating new name: Conflict. The container name "/other" is already in use by container "${id}". You have to remove (or rename) that container to be able to reuse that name.\n${failed('new')}`,
  })
})

test('several at once for one name: one gets it', async () => {
  const outcomes = await Promise.all(
    ['new', 'other'].map((from) => lighter('rename', from, 'wanted')),
  )
  expect(outcomes.map(({ exitCode }) => exitCode).toSorted()).toEqual([0, 1])
  expect(readdirSync(join(world.data, 'names'))).toHaveLength(2)
})
