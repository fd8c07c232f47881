import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commands } from '../../../cli/commands.ts'
import type { FlagSpec } from '../../../cli/flags/spec.ts'
import { typeName } from '../../../cli/help.ts'

/** What Docker's own command line has: commands of the container group, with their flags. */
interface Reference {
  [command: string]: {
    flags: { [flag: string]: { type?: string; short?: string; default?: string } }
  }
}

const reference = JSON.parse(
  readFileSync(new URL('../../fixtures/container-flags.json', import.meta.url), 'utf8'),
) as Reference

/** Not there yet; what is there is compared. */
const missing = new Set([
  'container inspect --format',
  'container inspect --size',
  'container ls --filter',
  'container ls --format',
  ...'health-cmd health-interval health-retries health-start-interval health-start-period health-timeout log-driver log-opt restart'
    .split(' ')
    .flatMap((flag) => [`container run --${flag}`, `container create --${flag}`]),
])

const known = new Map(commands.flatMap((command) => command.names.map((name) => [name, command])))

function shownDefault(spec: FlagSpec): string | undefined {
  if (spec.shownDefault !== undefined) return spec.shownDefault
  if (spec.default === undefined || spec.default === false) return undefined
  return typeof spec.default === 'string' ? JSON.stringify(spec.default) : String(spec.default)
}

const isMissing = (name: string, flag: string): boolean =>
  missing.has(`${name} --${flag}`) && known.get(name)?.flags[flag] === undefined

const cases = Object.entries(reference).flatMap(([name, { flags }]) =>
  known.has(name)
    ? Object.entries(flags)
        .filter(([flag]) => flag !== 'help' && !isMissing(name, flag))
        .map(([flag, wanted]) => [name, flag, wanted] as const)
    : [],
)

test('commands that exist are compared', () => {
  expect(cases.length).toBeGreaterThan(200)
})

test.each(cases)('%s --%s is as Docker has it', (name, flag, wanted) => {
  const flags = known.get(name)?.flags ?? {}
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
