import { expect, test } from 'vitest'
import { escapeForHtml, indentJson } from '../../../lib/format/json-text.ts'

test('members keep their order, numbers their digits, strings their escapes', () => {
  const text = String.raw`{ "b":1.50e3 ,"10":[ ], "9":{"x":[1,{}]},"a":"\u003c{,:\"[" }`
  expect(indentJson(text, '\t')).toBe(
    String.raw`{
	"b": 1.50e3,
	"10": [],
	"9": {
		"x": [
			1,
			{}
		]
	},
	"a": "\u003c{,:\"["
}`,
  )
})

test.each(['{}', '[]', '"a b"', '12', 'null', '[[],{}]', '{"a":{"b":[true,"\\\\"]}}'])(
  '%s is the same value when it is indented',
  (text) => {
    expect(JSON.parse(indentJson(text, '   '))).toEqual(JSON.parse(text))
    expect(indentJson(text, '  ')).toBe(
      // What has nothing in it stays in one piece, as JSON.stringify has it.
      JSON.stringify(JSON.parse(text), null, 2),
    )
  },
)

test('blanks between do not matter', () => {
  expect(indentJson('{"a":[1,2]}', '  ')).toBe(indentJson(' {\n"a" :\t[ 1 , 2 ]\r\n} ', '  '))
})

test('what a page could stumble over is escaped', () => {
  expect(escapeForHtml('{"<&>":"\u2028"}')).toBe(String.raw`{"\u003c\u0026\u003e":"\u2028"}`)
})

test('what is nested without an end is refused', () => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  expect(indentJson(nested(900), '').split('\n')).toHaveLength(1799)
  expect(() => indentJson(nested(2_000_000), '\t')).toThrow('nested more than 1000 levels')
})
