import { describe, expect, test } from 'vitest'
import { Fields } from '../../../api/http/fields.ts'

const fields = (document: object) => new Fields(document as Record<string, unknown>, 'Thing')

test('what is absent, or null, has Go’s zero value', () => {
  for (const body of [fields({}), fields({ X: null })]) {
    expect(body.has('X')).toBe(false)
    expect([body.text('X'), body.bool('X'), body.int('X')]).toEqual(['', false, 0])
    expect([body.texts('X'), body.map('X'), body.keys('X'), body.ints('X')]).toEqual([
      [],
      {},
      [],
      [],
    ])
    expect([body.objects('X'), body.objectMap('X'), body.objectLists('X')]).toEqual([[], [], []])
    expect(body.object('X').text('Y')).toBe('')
    expect([body.textIfAny('X'), body.intIfAny('X'), body.textsIfAny('X')]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  }
})

test('names are found in any case, the exact one first', () => {
  expect(fields({ hostname: 'a' }).text('Hostname')).toBe('a')
  expect(fields({ hostname: 'a', Hostname: 'b' }).text('Hostname')).toBe('b')
})

test('a name that objects have of their own is a name like any other', () => {
  const labels = JSON.parse('{"Labels":{"__proto__":"x","constructor":"y"}}')
  const map = fields(labels).map('Labels')
  expect(Object.entries(map)).toEqual([
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ])
  expect(Object.getPrototypeOf(map)).toBe(Object.prototype)
  expect(fields({}).text('constructor')).toBe('')
})

test('a command may be one text', () => {
  expect(fields({ Cmd: 'a b' }).wordsIfAny('Cmd')).toEqual(['a b'])
  expect(fields({ Cmd: ['a', 'b'] }).wordsIfAny('Cmd')).toEqual(['a', 'b'])
})

describe('wrong types are refused in Go’s words', () => {
  const wrong = 'invalid JSON: json: cannot unmarshal'
  test.each<[unknown, (body: Fields) => unknown, string]>([
    [1, (body) => body.text('X'), 'number into Go struct field Thing.X of type string'],
    ['1', (body) => body.bool('X'), 'string into Go struct field Thing.X of type bool'],
    [true, (body) => body.int('X'), 'bool into Go struct field Thing.X of type int64'],
    [1.5, (body) => body.int('X'), 'number 1.5 into Go struct field Thing.X of type int64'],
    [2 ** 64, (body) => body.int('X'), 'number 18446744073709552000 into'],
    [
      -1,
      (body) => body.int('X', 'uint16'),
      'number -1 into Go struct field Thing.X of type uint16',
    ],
    [70000, (body) => body.int('X', 'uint16'), 'number 70000 into'],
    ['x', (body) => body.texts('X'), 'string into Go struct field Thing.X of type []string'],
    [[1], (body) => body.texts('X'), 'number into Go struct field Thing.X of type string'],
    [[], (body) => body.map('X'), 'array into Go struct field Thing.X of type map[string]string'],
    [{ a: 1 }, (body) => body.map('X'), 'number into Go struct field Thing.X of type string'],
    [{ a: 1 }, (body) => body.keys('X'), 'number into Go struct field Thing.X of type struct {}'],
    [[], (body) => body.object('X'), 'array into Go struct field Thing.X of type X'],
    [{}, (body) => body.objects('X', 'Y'), 'object into Go struct field Thing.X of type []Y'],
    [[3], (body) => body.objects('X', 'Y'), 'number into Go struct field Thing.X of type Y'],
    [{ a: 3 }, (body) => body.objectMap('X', 'Y'), 'number into Go struct field Thing.X of type Y'],
    [{ a: {} }, (body) => body.objectLists('X', 'Y'), 'object into Go struct field Thing.X of'],
    [['a'], (body) => body.textLists('X'), 'string into Go struct field Thing.X of type []string'],
    [['a'], (body) => body.ints('X'), 'string into Go struct field Thing.X of type int64'],
  ])('%j', (value, read, message) => {
    expect(() => read(fields({ X: value }))).toThrow(`${wrong} ${message}`)
    expect(() => read(fields({ X: value }))).toThrow(expect.objectContaining({ status: 400 }))
  })

  test('below others the whole way is told', () => {
    const body = fields({ A: { B: [{ C: 5 }] } })
    const [inner] = body.object('A', 'First').objects('B', 'Second')
    expect(() => inner?.text('C')).toThrow(
      'cannot unmarshal number into Go struct field Second.A.B.C of type string',
    )
  })
})
