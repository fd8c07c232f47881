import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../../../cli/commands.ts'
import type { FlagSpec } from '../../../cli/flags/spec.ts'
import { typeName } from '../../../cli/help.ts'

/** What Docker's own command line has: commands that deal with containers, images and the whole system, with their flags. */
interface Reference {
  [command: string]: {
    flags: { [flag: string]: { type?: string; short?: string; default?: string } }
  }
}

const readFixture = (name: string): Reference =>
  JSON.parse(readFileSync(new URL(`../../fixtures/${name}`, import.meta.url), 'utf8'))

const reference: Reference = {
  ...readFixture('container-flags.json'),
  ...readFixture('image-flags.json'),
  ...readFixture('manifest-flags.json'),
  ...readFixture('build-flags.json'),
}

const known = new Map(commands.flatMap((command) => command.names.map((name) => [name, command])))

function shownDefault(spec: FlagSpec): string | undefined {
  if (spec.shownDefault !== undefined) return spec.shownDefault
  if (spec.default === undefined || spec.default === false) return undefined
  return typeof spec.default === 'string' ? JSON.stringify(spec.default) : String(spec.default)
}

const cases = Object.entries(reference).flatMap(([name, { flags }]) =>
  Object.entries(flags)
    .filter(([flag]) => flag !== 'help')
    .map(([flag, wanted]) => [name, flag, wanted] as const),
)

test.each(Object.keys(reference))('%s is a command', (name) => {
  expect(known.has(name)).toBe(true)
})

test.each(cases)('%s --%s is as Docker has it', (name, flag, wanted) => {
  const flags = known.get(name)?.flags() ?? {}
  // `--timeout` has become the name of what was `--time`: either spelling of a flag will do.
  const spec = flags[flags[flag]?.aliasOf ?? flag]
  expect(spec, 'the flag').toBeDefined()
  if (!spec) return
  expect({
    type: spec.placeholder ?? typeName(spec.type),
    short: spec.short,
    default: shownDefault(spec),
  }).toEqual({ type: wanted.type ?? '', short: wanted.short, default: wanted.default })
})
