import { describe, expect, test } from 'vitest'
import { readCall } from '../../../../cli/flags/build/call.ts'
import { buildFlags } from '../../../../cli/flags/build/flags.ts'
import { readBuildOptions } from '../../../../cli/flags/build/options.ts'
import { parseFilters } from '../../../../cli/flags/filter.ts'
import { chooseMode } from '../../../../cli/output/build/display.ts'
import { parseArguments } from '../../../../cli/parse.ts'
import { readCacheFilter } from '../../../../lib/build/cache/read-filter.ts'
import { plainBuild } from '../../../helpers/plain-build.ts'

function parse(...words: string[]) {
  const result = parseArguments({ flags: buildFlags }, 'buildx build', words)
  if (result.kind !== 'call') throw new Error('no call')
  return result.parsed
}

const read = (words: string[], environment: NodeJS.ProcessEnv = {}) =>
  readBuildOptions(parse(...words), environment)

describe('options of a build', () => {
  test('without any flag', () => {
    expect(read(['.'])).toEqual(plainBuild)
  })

  test('of the environment', () => {
    const environment = { SOURCE_DATE_EPOCH: '1', DOCKER_DEFAULT_PLATFORM: 'linux/arm64', A: 'x' }
    const options = read(['--build-arg', 'A', '--no-cache-filter', 'a,b', '.'], environment)
    expect(options.buildArgs).toEqual({ SOURCE_DATE_EPOCH: '1', A: 'x' })
    expect(options.platforms).toEqual(['linux/arm64'])
    expect(options.noCacheFilter).toEqual(['a', 'b'])
    const given = read(
      ['--build-arg', 'SOURCE_DATE_EPOCH=2', '--platform', 's390x', '.'],
      environment,
    )
    expect(given.buildArgs.SOURCE_DATE_EPOCH).toBe('2')
    expect(given.platforms).toEqual(['linux/s390x'])
  })

  test.each([
    [['--push', '.'], [{ type: 'image', destination: undefined, attributes: { push: 'true' } }]],
    [['--load', '.'], [{ type: 'docker', destination: undefined, attributes: {} }]],
    [
      ['--load', '-o', 'type=docker', '.'],
      [{ type: 'docker', destination: undefined, attributes: {} }],
    ],
    [
      ['--push', '-o', 'type=image,name=a', '.'],
      [{ type: 'image', destination: undefined, attributes: { name: 'a', push: 'true' } }],
    ],
    [
      ['--push', '--load', '-o', 'out', '.'],
      [
        { type: 'local', destination: 'out', attributes: {} },
        { type: 'image', destination: undefined, attributes: { push: 'true' } },
        { type: 'docker', destination: undefined, attributes: {} },
      ],
    ],
  ])('%s', (words, outputs) => {
    expect(read(words).outputs).toEqual(outputs)
  })

  test.each([
    [[''], 'please specify build context (e.g. "." for the current directory)'],
    [['-f', '-', '-'], "invalid argument: can't use stdin for both build context and dockerfile"],
    [
      ['--iidfile', 'x', '-o', 'out', '.'],
      'local and tar exporters are incompatible with image ID file',
    ],
    [['--attest', 'type=sbom', '--sbom', 'true', '.'], 'duplicate attestation field sbom'],
  ])('%j is refused', (words, message) => {
    expect(() => read(words)).toThrow(message)
  })
})

describe('--call', () => {
  test.each([
    [[], undefined],
    [['--call', 'build'], undefined],
    [['--check'], { method: 'check', isJson: false, ignoreStatus: false }],
    [['--call=lint,format=json'], { method: 'check', isJson: true, ignoreStatus: false }],
    [['--call=check,ignorestatus=true'], { method: 'check', isJson: false, ignoreStatus: true }],
    [['--call=outline'], { method: 'outline', isJson: false, ignoreStatus: false }],
  ])('%j', (words, call) => {
    expect(readCall(parse(...words, '.'))).toEqual(call)
  })

  test.each([
    ['a,b', 'invalid call value: a,b'],
    ['check,x=1', 'invalid call field: x=1'],
    ['nosuch', 'unknown call method "nosuch"'],
  ])('%s is refused', (text, message) => {
    expect(() => readCall(parse('--call', text, '.'))).toThrow(message)
  })
})

test('the way of showing progress', () => {
  expect(chooseMode('auto', false, undefined)).toBe('auto')
  expect(chooseMode('auto', false, 'plain')).toBe('plain')
  expect(chooseMode('tty', false, 'plain')).toBe('tty')
  expect(chooseMode('auto', true, 'plain')).toBe('quiet')
  expect(() => chooseMode('plain', true, undefined)).toThrow(
    'progress=plain and quiet cannot be used together',
  )
  expect(() => chooseMode('nonsense', false, undefined)).toThrow('invalid progress mode nonsense')
})

describe('filters of the cache', () => {
  test('each has its operator', () => {
    const list = ['until=24h', 'id=ab', 'type=regular', 'description~=^RUN', 'type!=frontend']
    expect(readCacheFilter(parseFilters(list))).toEqual({
      unusedFor: 24 * 3600e9,
      conditions: [
        { field: 'id', operator: '~=', value: 'ab' },
        { field: 'type', operator: '==', value: 'regular' },
        { field: 'description', operator: '~=', value: '^RUN' },
        { field: 'type', operator: '!=', value: 'frontend' },
      ],
    })
  })

  test.each([
    [
      ['until=1'],
      `"until" filter expects a duration (e.g., '24h'): time: missing unit in duration "1"`,
    ],
    [['until=1h', 'until=2h'], 'filters expect only one value'],
    [['until=1h', 'unused-for=1h'], 'conflicting filters "until" and "unused-for"'],
    [['id=('], 'filter expects a regular expression: "("'],
  ])('%j is refused', (list, message) => {
    expect(() => readCacheFilter(parseFilters(list))).toThrow(message)
  })
})
