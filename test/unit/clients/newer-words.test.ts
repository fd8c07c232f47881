import { expect, test } from 'vitest'
import { hasNewerWords, inNewerWords } from '../../clients/newer-words.ts'

const translated = (...stderr: string[]): string[] =>
  inNewerWords({ exitCode: 1, stdout: [], stderr }).stderr

test('the number of arguments', () => {
  expect(
    translated(
      'Error: first',
      '"docker diff" requires exactly 1 argument.',
      "See 'docker diff --help'.",
      '"docker events" accepts no arguments.',
      "See 'docker events --help'.",
    ),
  ).toEqual([
    'Error: first',
    "docker: 'docker diff' requires 1 argument",
    "docker: 'docker events' accepts no arguments",
  ])
})

test('a container that is refused, one that does not start, and a flag', () => {
  const hint = ['', "Run 'docker run --help' for more information"]
  expect(translated('docker: invalid x.', "See 'docker run --help'.")).toEqual([
    'docker: invalid x',
    ...hint,
  ])
  expect(translated('docker: Error response from daemon: no such y.')).toEqual([
    'docker: Error response from daemon: no such y',
    ...hint,
  ])
  expect(translated('unknown flag: --z', "See 'docker run --help'.", 'more.')).toEqual([
    'unknown flag: --z',
    'more.',
  ])
})

test('who has them', () => {
  expect(hasNewerWords('Docker version 26.1.5+dfsg1, build a72d7cd')).toBe(false)
  expect(hasNewerWords('Docker version 28.2.2, build e6534b4')).toBe(true)
})
