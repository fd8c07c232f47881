import { describe, expect, test } from 'vitest'
import type { CommandSpec } from '../../../cli/command-spec.ts'
import { commands, findCommand } from '../../../cli/commands.ts'
import { FlagError, type Parsed, parseArguments } from '../../../cli/parse.ts'

function specOf(name: string): CommandSpec {
  const found = findCommand(name.split(' '))
  if (!found) throw new Error(`no command ${name}`)
  return found.command
}

function parse(name: string, ...argv: string[]): Parsed {
  const result = parseArguments(specOf(name), name, argv)
  if (result.kind !== 'call') throw new Error('help was asked for')
  return result.parsed
}

describe('flags of run', () => {
  test.each<[string[], string, boolean | string | string[] | undefined]>([
    [['-itd', 'image'], 'tty', true],
    [['-itd', 'image'], 'detach', true],
    [['-e', 'A=b', 'image'], 'env', ['A=b']],
    [['-eA=b', 'image'], 'env', ['A=b']],
    [['-e=A=b', 'image'], 'env', ['A=b']],
    [['-ie', 'A', 'image'], 'env', ['A']],
    [['--env', 'A=1', '--env=B=2,3', 'image'], 'env', ['A=1', 'B=2,3']],
    [['-e', "A='quoted'", 'image'], 'env', ["A='quoted'"]],
    [['--name', '-x', 'image'], 'name', '-x'],
    [['--name=a', '--name=b', 'image'], 'name', 'b'],
    [['--name', '--', 'image'], 'name', '--'],
    [['--rm=false', 'image'], 'rm', false],
    [['--rm=T', 'image'], 'rm', true],
    [['--rm=false', '--rm', 'image'], 'rm', true],
    [['--sig-proxy=false', 'image'], 'sig-proxy', false],
    [['image'], 'sig-proxy', true],
    [['image'], 'pull', 'missing'],
    [['image'], 'name', undefined],
    [['image', '--rm'], 'rm', false],
    [['--net', 'none', 'image'], 'network', ['none']],
    [['-h', 'box', 'image'], 'hostname', 'box'],
  ])('%j: %s is %j', (argv, flag, expected) => {
    const parsed = parse('run', ...argv)
    const type = specOf('run').flags()[flag]?.type
    const read = { bool: parsed.bool, list: parsed.list, string: parsed.string }[type as 'bool']
    expect(read.call(parsed, flag)).toEqual(expected)
  })

  test.each<[string[], string[]]>([
    [
      ['image', 'ls', '-l', '--rm'],
      ['image', 'ls', '-l', '--rm'],
    ],
    [
      ['--rm', '--', 'image', '--', '-x'],
      ['image', '--', '-x'],
    ],
    [
      ['-', '-x'],
      ['-', '-x'],
    ],
    [['12e5'], ['12e5']],
  ])('%j leaves the operands %j', (argv, operands) => {
    expect(parse('run', ...argv).operands).toEqual(operands)
  })

  test.each<[string[], string]>([
    [['--foo'], 'unknown flag: --foo'],
    [['--foo=1'], 'unknown flag: --foo'],
    [['-x'], "unknown shorthand flag: 'x' in -x"],
    [['-ixt'], "unknown shorthand flag: 'x' in -xt"],
    [['--name'], 'flag needs an argument: --name'],
    [['-e'], "flag needs an argument: 'e' in -e"],
    [['-ie'], "flag needs an argument: 'e' in -e"],
    [['-h'], "flag needs an argument: 'h' in -h"],
    [['---'], 'bad flag syntax: ---'],
    [['--=x'], 'bad flag syntax: --=x'],
    [['--__proto__'], 'unknown flag: --__proto__'],
    [
      ['--rm=x', 'image'],
      'invalid argument "x" for "--rm" flag: strconv.ParseBool: parsing "x": invalid syntax',
    ],
    [
      ['--stop-timeout', '1.5', 'image'],
      'invalid argument "1.5" for "--stop-timeout" flag: strconv.ParseInt: parsing "1.5": invalid syntax',
    ],
    [
      ['--stop-timeout=99999999999999999999', 'image'],
      'invalid argument "99999999999999999999" for "--stop-timeout" flag: strconv.ParseInt: parsing "99999999999999999999": value out of range',
    ],
  ])('%j: %s', (argv, message) => {
    expect(() => parse('run', ...argv)).toThrow(new FlagError(message))
  })
})

test('flags may follow operands where the command is not a container’s', () => {
  const parsed = parse('rm', 'a', '-f', 'b', '--', '-v')
  expect(parsed.operands).toEqual(['a', 'b', '-v'])
  expect(parsed.bool('force')).toBe(true)
  expect(parsed.bool('volumes')).toBe(false)
})

test('a number flag names both spellings in its complaint', () => {
  expect(() => parse('stop', '-t', 'x', 'y')).toThrow(
    'invalid argument "x" for "-t, --time" flag: strconv.ParseInt: parsing "x": invalid syntax',
  )
  expect(parse('stop', '-t', '-1', 'y').int('time')).toBe(-1)
  expect(parse('stop', '--timeout=0x10', 'y').int('time')).toBe(16)
})

test.each([
  [['ps', '--help'], false],
  [['ps', '-h'], true],
  [['ps', '--help', '--foo'], false],
  [['run', '--help', 'image'], false],
])('%j asks for help', (words, deprecated) => {
  const result = parseArguments(specOf(words[0] ?? ''), 'x', words.slice(1))
  expect(result).toEqual({ kind: 'help', deprecated })
})

test('asking for a flag that the command does not have is a fault', () => {
  expect(() => parse('ps').string('name')).toThrow(TypeError)
  expect(() => parse('ps').string('all')).toThrow(TypeError)
})

test('no two flags of a command share a letter, and aliases lead somewhere', () => {
  for (const { names, flags: make } of commands) {
    const flags = make()
    const letters = Object.values(flags).flatMap((flag) => flag.short ?? [])
    expect(new Set(letters).size, names[0]).toBe(letters.length)
    for (const flag of Object.values(flags)) {
      if (flag.aliasOf) expect(flags[flag.aliasOf]?.type, names[0]).toBe(flag.type)
    }
  }
})

test('no two commands share a name', () => {
  const names = commands.flatMap((command) => command.names)
  expect(new Set(names).size).toBe(names.length)
})
