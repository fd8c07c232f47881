// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of another language
import { describe, expect, test } from 'vitest'
import { readDefinition } from '../../../../lib/build/bake/definition.ts'
import { interpolate, parseEnvironmentFile } from '../../../../lib/build/bake/interpolate.ts'

const ENVIRONMENT = { A: 'a', EMPTY: '' }

/** A text, and what compose makes of it. */
const TEXTS: [text: string, made: string][] = [
  ['$A-${A}', 'a-a'],
  ['$$A $${A}', '$A ${A}'],
  ['$NO${NO}', ''],
  ['${NO:-x} ${EMPTY:-x} ${EMPTY-x} ${NO-x}', 'x x  x'],
  ['${A:+set} ${EMPTY:+set} ${EMPTY+set}', 'set  set'],
  ['${NO:-${A}-${B:-c}}', 'a-c'],
]

/** A text, and what is said of it. */
const REFUSALS: [text: string, sentence: string][] = [
  ['${NO:?why}', 'required variable NO is missing a value: why'],
  ['${NO?}', 'required variable NO is missing a value'],
  ['${A', 'invalid interpolation format: "${A". You may need to escape any $ with another $'],
  ['$-', 'invalid interpolation format: "$-". You may need to escape any $ with another $'],
  ['${A!}', 'invalid interpolation format: "${A!}". You may need to escape any $ with another $'],
]

describe('variables in compose files', () => {
  test.each(TEXTS)('%s', (text, made) => {
    expect(interpolate(text, ENVIRONMENT)).toBe(made)
  })

  test.each(REFUSALS)('%s', (text, sentence) => {
    expect(() => interpolate(text, ENVIRONMENT)).toThrow(sentence)
  })

  test('of a file', () => {
    const text = `# comment
A=1
export B = two words # comment
C="x\\ny" # comment
D='$A'
 E:yes
no line
`
    expect(parseEnvironmentFile(text)).toEqual({
      A: '1',
      B: 'two words',
      C: 'x\ny',
      D: '$A',
      E: 'yes',
    })
  })
})

describe('compose files', () => {
  const targets = async (...texts: string[]) => {
    const sources = texts.map((text, index) => ({ name: `${index}.yaml`, text }))
    const definition = await readDefinition(sources, ENVIRONMENT)
    return definition.targets.map(({ name, values }) => [name, Object.fromEntries(values)])
  }

  test('later ones say more of a service', async () => {
    const first = 'services: { one: { build: ., image: x } }'
    const second = 'services: { one: { build: { target: t, args: [ A, X=1 ] } } }'
    expect(await targets(first, second)).toEqual([
      ['one', { args: { A: 'a', X: '1' }, context: '.', tags: ['x'], target: 't' }],
    ])
  })

  test('services that extend others', async () => {
    const text = `services:
  base: { build: { context: b, args: { A: 1 } } }
  more: { extends: { service: base }, build: { args: { B: 2 } } }
`
    expect(await targets(text)).toEqual([
      ['base', { args: { A: '1' }, context: 'b' }],
      ['more', { args: { A: '1', B: '2' }, context: 'b' }],
    ])
  })

  test('names that all objects have', async () => {
    const text = `services:
  constructor: { build: { context: ., args: [ constructor, toString ] } }
`
    expect(await targets(text)).toEqual([['constructor', { args: {}, context: '.' }]])
  })

  test.each([
    [
      'services: { a: { extends: nosuch } }',
      'cannot extend service "a": service "nosuch" not found',
    ],
    ['services: { a: { extends: a } }', 'cannot extend service "a": service "a" not found'],
    [
      'services: { "a b": { build: . } }',
      'invalid service name "a b": only "[a-zA-Z0-9_-]+" are allowed',
    ],
    [
      'services: { a: { build: { secrets: [ s ] } } }',
      'services.a.build: service refers to undefined secret s',
    ],
    ['services: { a: 1 }', 'services.a must be a mapping'],
    ['a: b: c', 'failed to parse 0.yaml: parsing yaml: '],
    ['- a', 'failed to parse 0.yaml: parsing yaml: Top-level object must be a mapping'],
  ])('%s', async (text, sentence) => {
    await expect(targets(text)).rejects.toThrow(sentence)
  })
})
