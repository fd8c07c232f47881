import { describe, expect, test } from 'vitest'
import { commands, groups } from '../../../../cli/commands.ts'
import { complete } from '../../../../cli/completion/complete.ts'
import type { Names } from '../../../../cli/completion/names.ts'

const names: Names = {
  containers: (kind) =>
    ({ any: ['web', 'db', 'old'], running: ['web', 'db'], idle: ['old'] })[kind],
  images: () => ['debian:12', 'busybox:latest'],
  volumes: () => ['data'],
  networks: () => ['bridge', 'host', 'none', 'site'],
  builders: () => ['ci', 'default'],
}
const texts = (...words: string[]): string[] =>
  complete(words, names).candidates.map(({ text }) => text)

describe('the whole table', () => {
  test.each(commands.flatMap((command) => command.names.map((name) => [name, command] as const)))(
    '%s and its flags',
    (name, command) => {
      const words = name.split(' ')
      expect(texts(...words)).toContain(words.at(-1))
      const flags = Object.entries(command.flags()).filter(([, { hidden }]) => !hidden)
      const expected = flags.flatMap(([flag, { short }]) => [
        `--${flag}`,
        ...(short ? [`-${short}`] : []),
      ])
      expect(texts(...words, '-')).toEqual(expect.arrayContaining([...expected, '--help']))
    },
  )

  test('groups are there, what is for programs is not', () => {
    const outer = Object.keys(groups).filter((name) => !name.includes(' '))
    expect(texts('')).toEqual(expect.arrayContaining([...outer, 'help']))
    expect(texts('trust', '')).toEqual(expect.arrayContaining(['inspect', 'key', 'signer']))
    expect(texts('trust', 'key', '')).toEqual(['generate', 'load'])
    expect(texts('buildx', '--builder', 'x', 'imagetools', 'in')).toEqual(['inspect'])
    expect(texts('buildx', 'imagetools', 'create', '--progress', 'raw')).toEqual(['rawjson'])
    expect(texts('__')).toEqual([])
  })
})

test.each([
  [
    ['run', '--rm', ''],
    ['debian:12', 'busybox:latest'],
  ],
  [['run', '-it', '--name', 'x', 'deb'], ['debian:12']],
  [['run', '-e', 'deb'], []],
  [['run', '-itdv', ''], ['data:']],
  [['run', 'debian:12', '-'], []],
  [['run', '--network', 'container:w'], ['container:web']],
  [['run', '--network=ho'], ['--network=host']],
  [['run', '--net', 'no'], ['none']],
  [
    ['build', '--network', ''],
    ['default', 'none', 'host'],
  ],
  [['build', '--call', 'o'], ['outline']],
  [['buildx', 'use', 'c'], ['ci']],
  [
    ['buildx', 'build', '--builder', ''],
    ['ci', 'default'],
  ],
  [['builder', 'prune', '--filter', 'ty'], ['type=']],
  [
    ['run', '--pull', ''],
    ['always', 'missing', 'never'],
  ],
  [
    ['exec', ''],
    ['web', 'db'],
  ],
  [['exec', '-u', 'root', 'w'], ['web']],
  [['exec', 'web', ''], []],
  [
    ['rm', '-f', 'web', ''],
    ['db', 'old'],
  ],
  [['start', ''], ['old']],
  [
    ['logs', ''],
    ['web', 'db', 'old'],
  ],
  [['rmi', 'b'], ['busybox:latest']],
  [['rename', 'web', ''], []],
  [
    ['inspect', 'd'],
    ['db', 'debian:12', 'data'],
  ],
  [
    ['kill', '-s', 'US'],
    ['USR1', 'USR2'],
  ],
  [['events', '--filter', 'con'], ['container=']],
  [['container', 'prune', '--filter', 'un'], ['until=']],
  [['image', 'prune', '--filter', 'd'], ['dangling=']],
  [['--debug', 'container', 'ren'], ['rename']],
  [['help', 'container', 'ren'], ['rename']],
  [['nosuch', ''], []],
  [['wait', '--', '-'], []],
] as const)('%j', (words, expected) => {
  expect(texts(...words)).toEqual(expected)
})

test.each([
  [['run', 'debian:12', 'sh', ''], true],
  [['run', '--env-file', ''], true],
  [['run', '-v', '/'], true],
  [['run', ''], false],
  [['rename', 'a', 'b', ''], false],
] as const)('files with %j: %s', (words, files) => {
  expect(complete(words, names).files).toBe(files)
})
