// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of another language
import { describe, expect, test } from 'vitest'
import { readDefinition } from '../../../../lib/build/bake/definition.ts'
import { attributes, plan } from '../../../helpers/bake-plans.ts'

const HEAD = 'docker-bake.hcl:'

/** Definitions, and the sentences that buildx has for them. */
const REFUSALS: [files: string, sentence: string, set?: string][] = [
  [
    'target "default" { tags = "x" }',
    `${HEAD}1,28-29: Unsuitable value type; Unsuitable value: list of string required`,
  ],
  [
    'target "default" { tags = [null] }',
    `${HEAD}1,27-28: Unsuitable value type; Unsuitable value: null value is not allowed`,
  ],
  [
    'target "default" { args = { a = ["x"] } }',
    `${HEAD}1,27-28: Unsuitable value type; Unsuitable value: element "a": string required`,
  ],
  [
    'target "default" {\n tags = ["x${FOO}"]\n}\n',
    `${HEAD}2,14-17: Unknown variable; There is no variable named "FOO"., and 1 other diagnostic(s)`,
  ],
  [
    'target "default" {\n tags = ["x"\n}\n',
    `${HEAD}3,1-2: Missing item separator; Expected a comma to mark the beginning of the next item.`,
  ],
  [
    'target "default" { context = "a"\n pull = true\n}\n',
    `${HEAD}1,33-2,1: Invalid single-argument block definition; `,
  ],
  ['target "default" {', `${HEAD}1,18-19: Unclosed configuration block; `],
  ['target "a b" {}', `${HEAD}1,8-13: Invalid name; only "[a-zA-Z0-9_-]+" are allowed`],
  ['target "default" {\n name = "x"\n}\n', `${HEAD}1,8-17: Invalid name; name requires matrix`],
  [
    'target "default" {\n name = "x"\n matrix = { a = ["1", "2"] }\n}\n',
    `${HEAD}1,8-17: Invalid name; duplicate name "x"`,
  ],
  [
    'variable "N" { default = 3 }\ntarget "default" {}',
    `${HEAD}1,16-16: Invalid value; failed to parse N as number: strconv.ParseFloat: parsing "zz": invalid syntax`,
  ],
  [
    'target "default" { tags = target.default.tags }',
    `${HEAD}1,27-46: Invalid expression; reference cycle not allowed for target.default.tags`,
  ],
  [
    'function "f" {\n params = [a]\n result = f(a)\n}\ntarget "default" { tags = [f("x")] }',
    `${HEAD}3,11-15: Invalid expression; function cycle not allowed for f`,
  ],
  [
    'group "default" { description = "x" }',
    `${HEAD}1,19-19: Missing required argument; The argument "targets" is required, but no definition was found.`,
  ],
  ['target "a" {}', 'failed to find target default'],
  ['group "default" { targets = ["a"] }', 'failed to find target a'],
  ['target "default" { inherits = ["a"] }', 'failed to find target a'],
  [
    'target "default" { contexts = { a = "target:default" } }',
    'infinite loop from default to default',
  ],
  [
    'target "default" { contexts = { a = "target:b" } }\ntarget "b" { contexts = { a = "target:default" } }',
    'infinite loop from b to default',
  ],
  [
    'target "default" {\n contexts = { a = "target:b" }\n platforms = ["a", "b"]\n}\ntarget "b" { platforms = ["a", "c"] }',
    "target b can't be used by default because it is defined for different platforms [a c] and [a b]",
  ],
  ['target "default" {}', "could not find any target matching 'zz'", 'zz.tags=x'],
  ['target "default" {}', 'unknown key: bogus', 'default.bogus=1'],
  ['target "default" {}', 'invalid override key default, expected target.name', 'default=1'],
  ['target "default" {}', 'invalid value x for boolean key pull', 'default.pull=x'],
]

describe('refusals', () => {
  test.each(REFUSALS)('%s: %s', async (files, sentence, set) => {
    const work = async () =>
      plan({ files, set: set === undefined ? [] : [set], environment: { N: 'zz' } })
    await expect(work()).rejects.toThrow(sentence)
  })

  test('what buildx takes without a word is warned of', async () => {
    const text = 'target "default" { tag = ["x"] }\nother "x" {}\n'
    const { warnings } = await readDefinition([{ name: 'docker-bake.hcl', text }], {})
    expect(warnings).toEqual([
      'docker-bake.hcl:2,1-10: Blocks of type "other" are not expected here.',
      'docker-bake.hcl:1,20-23: An argument named "tag" is not expected here. Did you mean "tags"?',
    ])
  })

  test('a circle of parents ends where it began', async () => {
    const files =
      'target "default" { inherits = ["b"] }\ntarget "b" {\n inherits = ["default"]\n tags = ["q"]\n}\n'
    expect(await attributes({ files })).toEqual({ tags: ['q'] })
  })
})
