import { describe, expect, test } from 'vitest'
import { parseDockerfile, parseTrigger } from '../../../lib/dockerfile/parse.ts'
import { read, readOne, refusal } from './read.ts'

describe('lines', () => {
  test('continuations with comments and empty lines inside', () => {
    const { stages, emptyContinuations } = read(
      'FROM scratch',
      'RUN a \\',
      '  # comment',
      '',
      '   && b \\\t ',
      '#c',
      '&& c',
    )
    expect(stages[0]?.instructions).toMatchObject([
      { location: { start: 2, end: 7 }, original: 'RUN a    && b && c' },
    ])
    expect(emptyContinuations).toEqual([{ start: 7, end: 7 }])
  })

  test('an escaped character at the end does not continue', () => {
    const { stages } = read('FROM scratch', 'ENV a=b\\\\', 'ENV c=d')
    expect(stages[0]?.instructions).toHaveLength(2)
  })

  test('a continuation at the end of the file', () => {
    expect(readOne('COPY a b \\')).toMatchObject({ original: 'COPY a b' })
  })

  test('line ends of Windows and the mark of UTF-8', () => {
    const text = '\ufeff# escape=`\r\nFROM scratch\r\nENV a=b `\r\n  c=d\r\n'
    const { stages, directives, lines } = parseDockerfile(Buffer.from(text), 'Dockerfile')
    expect(directives.escape).toBe('`')
    expect(stages[0]?.instructions).toMatchObject([
      {
        pairs: [
          { key: 'a', value: 'b' },
          { key: 'c', value: 'd' },
        ],
      },
    ])
    expect(lines).toEqual(['# escape=`', 'FROM scratch', 'ENV a=b `', '  c=d', ''])
  })

  test('names in any letters, blanks before them', () => {
    const { stages } = read('  fRoM scratch As Base', '\tcopy a b')
    expect(stages).toMatchObject([{ from: { as: 'base' }, instructions: [{ kind: 'COPY' }] }])
  })

  test('a line can be as long as it can with BuildKit', () => {
    const long = (length: number): string => `ENV a=${'x'.repeat(length - 6)}`
    expect(readOne<'ENV'>(long(65_535)).pairs[0]?.value).toHaveLength(65_529)
    expect(refusal(() => readOne(long(65_536))).message).toBe(
      'dockerfile line greater than max allowed size of 65535',
    )
  })
})

describe('directives', () => {
  test.each([
    [
      ['# syntax=docker/dockerfile:1', '#Escape = `', '# check = skip=all'],
      '`',
      'docker/dockerfile:1',
      'skip=all',
    ],
    [['#comment', '# escape=`'], '\\', undefined, undefined],
    [['', '# escape=`'], '\\', undefined, undefined],
    [['# escape=\\', '# foo=bar', '# syntax=x'], '\\', undefined, undefined],
    [['#!/usr/bin/env x', '# syntax=x', '# check=error=true'], '\\', 'x', 'error=true'],
  ] as const)('%j', (lines, escaper, syntax, check) => {
    const { directives } = read(...lines, 'FROM scratch')
    expect(directives).toEqual({ escape: escaper, syntax, check })
  })

  test.each([
    [['# escape=x'], "invalid escape token 'x' does not match ` or \\", 1],
    [['# escape=`\u00a0'], "invalid escape token '`\u00a0' does not match ` or \\", 1],
    [['# escape=`', '# ESCAPE=`'], 'only one escape parser directive can be used', 2],
    [['# syntax=a', '# syntax=b'], 'only one syntax parser directive can be used', 2],
  ])('%j is refused', (lines, message, line) => {
    expect(refusal(() => read(...lines, 'FROM scratch'))).toEqual({
      message,
      location: { start: line, end: line },
    })
  })
})

describe('comments before a definition', () => {
  test.each([
    [['# a one', 'FROM x'], ['a one']],
    [
      ['# syntax=x', '# a', '# b', 'FROM x'],
      ['a', 'b'],
    ],
    [['# a', '', 'FROM x'], []],
    [['# a', '#', 'FROM x'], []],
  ])('%j', (lines, comments) => {
    expect(read(...lines).stages[0]?.from.comments).toEqual(comments)
  })
})

describe('here-documents', () => {
  test('several of one instruction', () => {
    const run = readOne<'RUN'>('RUN cat <<A 3<<-"B" && x', '$a', 'A', '\t\tb', '\tB')
    expect(run.location).toEqual({ start: 2, end: 6 })
    expect(run.command).toEqual({
      form: 'shell',
      text: 'cat <<A 3<<-"B" && x',
      heredocs: [
        { name: 'A', content: '$a\n', expand: true, chomp: false },
        { name: 'B', content: 'b\n', expand: false, chomp: true },
      ],
    })
  })

  test.each([
    ['RUN echo "<<A"'],
    ['RUN ["a", "<<A"]'],
    ['RUN a <<<A'],
    ['RUN echo "a <<A'],
    ['RUN a << A'],
    ['CMD a <<A'],
    ['ENV a=<<A'],
  ])('%s has none', (line) => {
    expect(read('FROM scratch', line, 'USER x').stages[0]?.instructions).toHaveLength(2)
  })

  test('files', () => {
    const copy = readOne<'COPY'>('COPY a <<x <<"y" b /dst/', 'X $v', 'x', 'Y', 'y')
    expect(copy).toMatchObject({
      sources: ['a', 'b'],
      inline: [
        { path: 'x', content: 'X $v\n', expand: true },
        { path: 'y', content: 'Y\n', expand: false },
      ],
      destination: '/dst/',
    })
  })

  test('of a trigger: it is kept as it is written', () => {
    const { trigger } = readOne<'ONBUILD'>('ONBUILD  Run <<-A', '\tx', '\tA')
    expect(trigger).toBe('Run <<-A\n\tx\nA')
    const location = { start: 7, end: 7 }
    expect(parseTrigger(trigger, location)).toMatchObject({
      kind: 'RUN',
      location,
      command: { heredocs: [{ content: 'x\n' }] },
    })
  })

  test.each([
    [['RUN <<EOF', 'x'], 'unterminated heredoc', { start: 2, end: 3 }],
    [['RUN <<EOF', ' EOF'], 'unterminated heredoc', { start: 2, end: 3 }],
    [
      ['ADD <<a <<b', 'a', 'b'],
      'dockerfile parse error on line 2: ADD cannot accept a heredoc as a destination',
      { start: 2, end: 4 },
    ],
  ])('%j is refused', (lines, message, location) => {
    expect(refusal(() => readOne(...lines))).toEqual({ message, location })
  })
})

describe('triggers of images', () => {
  const location = { start: 1, end: 1 }

  test.each([
    ['', 'onbuild trigger should be a single expression: '],
    ['USER a\nUSER b', 'onbuild trigger should be a single expression: USER a\nUSER b'],
    ['FROM x', "FROM isn't allowed as an ONBUILD trigger"],
    ['FOO x', 'unknown instruction: FOO (did you mean FROM?)'],
    ['ENV x', 'ENV must have two arguments'],
  ])('%j is refused: %s', (text, message) => {
    expect(refusal(() => parseTrigger(text, location))).toEqual({ message, location })
  })
})
