import { describe, expect, test } from 'vitest'
import { applyChanges } from '../../../lib/image/changes.ts'

const apply = (...changes: string[]) => applyChanges({ Env: ['P=/x'], Cmd: ['old'] }, changes)

describe('what each instruction sets', () => {
  test.each<[string[], string, unknown]>([
    [['CMD a b'], 'Cmd', ['/bin/sh', '-c', 'a b']],
    [['cmd ["a", "b c"]'], 'Cmd', ['a', 'b c']],
    [['CMD'], 'Cmd', ['/bin/sh', '-c']],
    [['ENTRYPOINT'], 'Entrypoint', null],
    [['ENTRYPOINT ["e"]'], 'Entrypoint', ['e']],
    [['ENTRYPOINT ["e"]'], 'Cmd', null],
    [['CMD ["c"]', 'ENTRYPOINT ["e"]'], 'Cmd', ['c']],
    [['ENTRYPOINT []'], 'Entrypoint', null],
    [['ENV A=1 B="two words" C=a\\ b'], 'Env', ['P=/x', 'A=1', 'B=two words', 'C=a b']],
    [['ENV A the rest'], 'Env', ['P=/x', 'A=the rest']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of the image
    [['ENV P=$P:/y Q=${P} R=${N:-d} S=${P:+set}'], 'Env', ['P=/x:/y', 'Q=/x', 'R=d', 'S=set']],
    [["ENV A='$P' B=\\$P"], 'Env', ['P=/x', 'A=$P', 'B=$P']],
    [
      ['EXPOSE 80 53/udp 8000-8001'],
      'ExposedPorts',
      { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {} },
    ],
    [['LABEL a=b "c d"="e f"'], 'Labels', { a: 'b', 'c d': 'e f' }],
    [['VOLUME ["/a b", "/c"]'], 'Volumes', { '/a b': {}, '/c': {} }],
    [['VOLUME /a /b'], 'Volumes', { '/a': {}, '/b': {} }],
    [['WORKDIR /a', 'WORKDIR b/../c'], 'WorkingDir', '/a/c'],
    [['USER a:b'], 'User', 'a:b'],
    [['STOPSIGNAL SIGRTMIN+3'], 'StopSignal', 'SIGRTMIN+3'],
    [['HEALTHCHECK NONE'], 'Healthcheck', { Test: ['NONE'] }],
    [
      ['HEALTHCHECK --interval=1m30s --retries=2 CMD ["x"]'],
      'Healthcheck',
      { Test: ['CMD', 'x'], Interval: 90e9, Retries: 2 },
    ],
    [['# a comment', 'USER x'], 'User', 'x'],
    [['ENV A=1 \\\n B=2'], 'Env', ['P=/x', 'A=1', 'B=2']],
  ])('%j sets %s', (changes, key, expected) => {
    expect(apply(...changes)[key]).toEqual(expected)
  })
})

test.each([
  ['EXPOSE x', 'Invalid containerPort: x'],
  ['EXPOSE 1/icmp', 'Invalid proto: icmp'],
  ['ENV A=1 b', `Syntax error - can't find = in "b". Must be of the form: name=value`],
  ['VOLUME [""]', 'VOLUME specified can not be an empty string'],
  ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
  ['HEALTHCHECK --interval=x CMD y', 'time: invalid duration "x"'],
  ['CMD [1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
  ['ENTRYPOINT ["a", null]', 'arrays must be comprised of strings only'],
  ['VOLUME [{}]', 'arrays must be comprised of strings only'],
  ['HEALTHCHECK CMD [["x"]]', 'arrays must be comprised of strings only'],
  ['ONBUILD ONBUILD x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
])('%j is refused', (change, sentence) => {
  expect(() => apply(change)).toThrow(sentence)
})

test('labels are in the order of their names', () => {
  const changed = applyChanges({ Labels: { m: '1' } }, ['LABEL z=1 a=b', 'LABEL b=c'])
  expect(JSON.stringify(changed.Labels)).toBe('{"a":"b","b":"c","m":"1","z":"1"}')
})

test('the settings that are given stay as they are', () => {
  const settings = { Env: ['A=1'], Labels: { a: 'b' } }
  applyChanges(settings, ['ENV A=2', 'LABEL a=c'])
  expect(settings).toEqual({ Env: ['A=1'], Labels: { a: 'b' } })
})
