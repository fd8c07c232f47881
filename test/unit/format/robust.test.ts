import { expect, test } from 'vitest'
import { TemplateExecutionError, TemplateSyntaxError } from '../../../lib/format/errors.ts'
import { parseTemplate } from '../../../lib/format/template.ts'
import { fromJson } from '../../../lib/format/values.ts'

const document = { a: 'text', list: [1, 'two', null, { b: true }], map: { x: { y: [] } }, n: null }

/** A sequence that is the same in every run. */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed; ; ) {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    yield state / 2_147_483_648
  }
}

const PARTS =
  '{{|}}|{{-|-}}|if |else|end|range |with |define "d"|template "d"|block "b" |.a|.list|.n.x|.map.x.y|$|$x|:=|=|,|(|)|"s"|`r`|\'c\'|1|-2.5|nil|true|index |printf "%d%v%s" |len |eq |and |or |not |json |join |truncate "abc" |slice |{{.}}|{{end}}|{{range .list}}|{{if .a}}|{{else}}|{{break}}| |\n|@|é|/*|*/|\\'.split(
    '|',
  )

/** The outcome of a template; whatever it is made of, it may only fail with the errors that are meant for it. */
function outcome(template: string): string {
  try {
    return parseTemplate(template).execute(fromJson(document))
  } catch (error) {
    if (error instanceof TemplateSyntaxError || error instanceof TemplateExecutionError) {
      return error.message
    }
    throw new Error(`${JSON.stringify(template.slice(0, 200))} broke the engine`, { cause: error })
  }
}

test('no template breaks the engine', () => {
  const random = numbers(20_260_101)
  const pick = () => PARTS[Math.floor(random.next().value * PARTS.length)] ?? ''
  let failed = 0
  for (let round = 0; round < 4000; round++) {
    const length = 1 + Math.floor(random.next().value * 12)
    const template = Array.from({ length }, pick).join('')
    if (outcome(template).startsWith('template: ')) failed++
  }
  expect(failed).toBeGreaterThan(500)
  expect(failed).toBeLessThan(4000)
})

test('every beginning of a template is read or refused', () => {
  const whole =
    '{{define "d"}}{{range $i, $x := .list}}{{if eq $i 1}}{{printf "%q" $x | html}}{{else}}-{{end}}{{end}}{{end}}{{template "d" .}}'
  for (let end = 0; end < whole.length; end++) outcome(whole.slice(0, end))
  expect(outcome(whole)).toBe('-&#34;two&#34;--')
})

test.each([
  ['{{range 1000000000}}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{{end}}', 'too long'],
  ['{{define "x"}}{{template "x"}}{{end}}{{template "x"}}', 'exceeded maximum template depth'],
  ['{{printf "%2000000d" 1}}', '%!(BADWIDTH)1'],
  ['{{pad "x" 2000000000 0}}', 'overflow'],
  [`${'{{if true}}'.repeat(20_000)}`, 'too deeply nested'],
  [`{{${'('.repeat(50_000)}`, 'too deeply nested'],
])("memory and stack are not the template's to take: %#", (template, words) => {
  expect(outcome(template)).toContain(words)
})

test('keys of objects are keys, whatever their names', () => {
  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
    expect(outcome(`{{.map.${name}}}`)).toBe('<no value>')
    expect(outcome(`{{${name}}}`)).toBe(`template: :1: function "${name}" not defined`)
  }
})
