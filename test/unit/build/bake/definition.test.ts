// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of another language
import { describe, expect, test } from 'vitest'
import { linksOf } from '../../../../lib/build/bake/resolve.ts'
import { attributes, plan, printed } from '../../../helpers/bake-plans.ts'

const FUNCTIONS = `
variable "TAG" { default = "x" }
variable "N" { default = 3 }
variable "B" { default = true }
title = "T-\${TAG}"
function "inc" {
  params = [n]
  result = n + 1
}
function "tag" {
  params = [name]
  variadic_params = rest
  result = ["reg/\${name}:\${join("-", rest)}"]
}
target "default" {
  tags = tag("a", "1", TAG)
  args = { N = inc(N), C = B ? "yes" : "no", T = title }
}
`

describe('variables and functions', () => {
  test('with their defaults', async () => {
    expect(await attributes({ files: FUNCTIONS })).toEqual({
      args: { C: 'yes', N: '4', T: 'T-x' },
      tags: ['reg/a:1-x'],
    })
  })

  test('of the environment, each of the type of its default', async () => {
    const environment = { TAG: 'env', N: '7', B: 'false', title: 'no variable' }
    expect(await attributes({ files: FUNCTIONS, environment })).toEqual({
      args: { C: 'no', N: '8', T: 'T-env' },
      tags: ['reg/a:1-env'],
    })
  })

  test.each([
    ['list(string)', { L: 'a,"b,c"' }, '["a","b,c"]'],
    ['list(number)', { L: '1,2' }, '[1,2]'],
    ['map(string)', { L: 'a=1,b=2' }, '{"a":"1","b":"2"}'],
    ['object({a=number})', { L_JSON: '{"a":"3"}' }, '{"a":3}'],
    ['bool', { L: 'true' }, 'true'],
  ])('of a type: %s', async (type, environment, value) => {
    const files = `variable "L" { type = ${type} }\ntarget "default" { args = { V = jsonencode(L) } }\n`
    expect(
      await attributes({
        files: files.replace('{ type', '{\n type').replace(' }\nt', '\n}\nt'),
        environment,
      }),
    ).toEqual({ args: { V: value } })
  })

  test('that must not be so', async () => {
    const files = `variable "V" {
  default = "ok"
  validation {
    condition = V != "bad"
    error_message = "V must not be \${V}"
  }
}
target "default" {}
`
    expect(await attributes({ files })).toEqual({})
    await expect(attributes({ files, environment: { V: 'bad' } })).rejects.toThrow(
      'docker-bake.hcl:4,17-27: Validation failed; V must not be bad',
    )
  })
})

describe('targets', () => {
  test('what is inherited: lists that are added to, and those that are not', async () => {
    const files = `
target "default" { inherits = ["a", "b"] }
target "a" {
  tags = ["1"]
  args = { x = "1", y = null }
  labels = { l = "1" }
  cache-from = ["a"]
  cache-to = ["a"]
  secret = ["id=a,env=PATH"]
  platforms = ["linux/amd64"]
  output = ["type=docker"]
  no-cache-filter = ["a"]
  ssh = ["default"]
  attest = ["type=sbom", "type=provenance"]
  annotations = ["a=b"]
  ulimits = ["nofile=1"]
  contexts = { c = "1" }
}
target "b" {
  tags = ["2"]
  args = { x = null, y = "2" }
  labels = { l = null, m = "2" }
  cache-from = ["b"]
  cache-to = ["b"]
  secret = ["id=b,env=HOME"]
  platforms = ["linux/arm64"]
  output = ["type=tar"]
  no-cache-filter = ["b"]
  attest = ["type=sbom,disabled=true"]
  annotations = ["c=d"]
  ulimits = ["nofile=2"]
  contexts = { c = "", d = "2" }
}
`
    expect(await attributes({ files })).toEqual({
      annotations: ['a=b', 'c=d'],
      args: { x: '1', y: '2' },
      attest: ['type=provenance', 'type=sbom,disabled=true'],
      'cache-from': ['a', 'b'],
      'cache-to': ['b'],
      contexts: { d: '2' },
      labels: { l: '1', m: '2' },
      'no-cache-filter': ['b'],
      output: ['type=tar'],
      platforms: ['linux/arm64'],
      secret: ['id=a,env=PATH', 'id=b,env=HOME'],
      ssh: ['default'],
      tags: ['2'],
      ulimits: ['nofile=1', 'nofile=2'],
    })
  })

  test('of a matrix are a group', async () => {
    const files = `
target "default" {
  name = "t-\${item.n}-\${o}"
  matrix = { item = [{ n = "1", v = "q" }, { n = "2", v = "r" }], o = ["x"] }
  args = { V = item.v }
}
`
    expect(await printed({ files })).toEqual({
      't-1-x': { args: { V: 'q' } },
      't-2-x': { args: { V: 'r' } },
    })
  })

  test('have attributes of each other', async () => {
    const files = `
target "default" { tags = target.b.tags }
target "b" { tags = ["q"] }
`
    expect(await attributes({ files })).toEqual({ tags: ['q'] })
  })

  test('stand on others, which come with them', async () => {
    const files = `
target "default" { contexts = { a = "target:b" } }
target "b" {
  output = ["type=docker"]
  contexts = { c = "target:c" }
}
target "c" {}
`
    const { targets, linked } = await plan({ files })
    expect([...linked]).toEqual(['b', 'c'])
    expect([...targets.values()].map(linksOf)).toEqual([['b'], ['c'], []])
    expect(targets.get('b')?.values.has('output')).toBe(false)
  })

  test('composable attributes are those of flags', async () => {
    const files = `
target "default" {
  output = [{ type = "local", dest = "a,b" }, "type=docker"]
  cache-from = [{ ref = "x/y", type = "registry" }]
}
`
    expect(await attributes({ files })).toEqual({
      'cache-from': ['type=registry,ref=x/y'],
      output: ['type=local,"dest=a,b"', 'type=docker'],
    })
  })
})

describe('files', () => {
  test('later ones over earlier ones, JSON and HCL', async () => {
    const files = {
      'docker-bake.json': `{
        "variable": { "TAG": { "default": "json" } },
        "function": { "f": { "params": ["x"], "result": "\${x}-\${TAG}" } },
        "target": {
          "default": { "tags": ["r:\${TAG}", "\${f(\\"q\\")}"], "args": { "A": "1", "B": 2 } }
        }
      }`,
      'docker-bake.override.hcl': `
variable "TAG" { default = "hcl" }
target "default" { args = { B = "3" } }
`,
    }
    expect(await attributes({ files })).toEqual({
      args: { A: '1', B: '3' },
      tags: ['r:hcl', 'q-hcl'],
    })
  })

  const COMPOSE = {
    'compose.yaml': `
x-common: &common
  context: ./c/
  args: { Q: "\${QQ:-usual}", E: $$x, NONE: }
services:
  db: { image: postgres }
  one:
    build:
      <<: *common
      dockerfile: D
      labels: [ "a=b" ]
      secrets: [ s1, { source: s2 } ]
      shm_size: 64m
      ulimits: { nproc: { soft: 1, hard: 2 } }
      additional_contexts: { foo: ./foo, other: "service:two.x" }
      x-bake:
        tags: [ "t:1" ]
        platforms: linux/arm64
    image: ignored
  two.x:
    build: .
    image: "img:\${TAG-none}"
secrets:
  s1: { file: ./s1 }
  s2: { environment: S2 }
`,
    'extra.hcl': 'target "one" { tags = ["hcl"] }\n',
  }

  test('of compose: services that are built', async () => {
    expect(await printed({ files: COMPOSE })).toEqual({
      one: {
        args: { E: '$x', Q: 'usual' },
        context: 'c',
        contexts: { foo: 'foo', other: 'target:two_x' },
        dockerfile: 'D',
        labels: { a: 'b' },
        platforms: ['linux/arm64'],
        secret: ['id=s1,src=s1', 'id=s2,env=S2'],
        'shm-size': '64MiB',
        tags: ['hcl'],
        ulimits: ['nproc=1:2'],
      },
      two_x: { tags: ['img:none'] },
    })
  })
})

const TWO =
  'target "a" {\n args = { X = "1" }\n tags = ["t"]\n}\ntarget "ab" {\n output = ["type=image"]\n}\n'

/** `--set`s, and what becomes of the targets `a` and `ab`. */
const OVERRIDES: [set: string[], a: object, ab: object][] = [
  [['a.args.X=2', 'a*.args.Y=3'], { args: { X: '2', Y: '3' }, tags: ['t'] }, { args: { Y: '3' } }],
  [['a.tags=x', 'a.tags=y'], { args: { X: '1' }, tags: ['x', 'y'] }, {}],
  [['a.tags+=x'], { args: { X: '1' }, tags: ['t', 'x'] }, {}],
  [['ab.platform=linux/arm64'], { args: { X: '1' }, tags: ['t'] }, { platforms: ['linux/arm64'] }],
  [['a.args.HOME', 'a.args.NOSUCH'], { args: { HOME: '/h', X: '1' }, tags: ['t'] }, {}],
  [
    ['ab.no-cache=true', 'ab.pull=false'],
    { args: { X: '1' }, tags: ['t'] },
    { 'no-cache': true, pull: false },
  ],
]

describe('what is set', () => {
  test.each(OVERRIDES)('%s', async (set, a, ab) => {
    const given = { files: TWO, targets: ['a', 'ab'], set, environment: { HOME: '/h' } }
    expect(await printed(given)).toEqual({ a, ab: { output: ['type=image'], ...ab } })
  })

  test('pushed and loaded', async () => {
    const given = { files: TWO, targets: ['a', 'ab'] }
    const pushed = await printed({ ...given, set: ['*.push=true', '*.load=true'] })
    expect(pushed.a?.output).toEqual(['type=image,push=true', 'type=docker'])
    expect(pushed.ab?.output).toEqual(['type=image,push=true', 'type=docker'])
  })
})
