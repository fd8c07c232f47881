import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const main = join(import.meta.dirname, '../../../cli/main.ts')
let home: string

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'lighter-cli-'))
})
afterAll(() => rmSync(home, { recursive: true, force: true }))

function call(args: string[], argv0 = process.execPath) {
  const environment = { ...process.env, HOME: home, LIGHTER_DATA_DIR: join(home, 'data') }
  const result = spawnSync(process.execPath, [main, ...args], {
    argv0,
    encoding: 'utf8',
    env: environment,
  })
  return { code: result.status, stdout: result.stdout, stderr: result.stderr }
}

test.each([
  [['--version'], 0, /^Docker version \d+\.\d+\.\d+, build \S+\n$/],
  [['-v'], 0, /^Docker version /],
  [['--debug', '--version'], 0, /^Docker version /],
  [['--help'], 0, /^\nUsage: {2}lighter \[OPTIONS\] COMMAND\n/],
  [['run', '--help'], 0, /^\nUsage: {2}lighter run \[OPTIONS\] IMAGE/],
  [['help', 'container', 'ls'], 0, /^\nUsage: {2}lighter container ls \[OPTIONS\]\n/],
  [['container', 'nosuch', '--help'], 0, /^\nUsage: {2}lighter container COMMAND\n/],
  [['ps', '-h'], 0, /^Flag shorthand -h has been deprecated, please use --help\n\nUsage:/],
  [['nosuch', '--help'], 0, /^\nUsage: {2}lighter \[OPTIONS\] COMMAND\n/],
  [
    ['network', 'nosuch', '-h'],
    0,
    /^Flag shorthand -h [^\n]*\n\nUsage: {2}lighter network COMMAND\n/,
  ],
  [['--help', 'network', 'ls'], 0, /^\nUsage: {2}lighter network ls \[OPTIONS\]\n/],
])('%j prints to standard output', (args, code, stdout) => {
  const result = call(args)
  expect(result).toMatchObject({ code, stderr: '' })
  expect(result.stdout).toMatch(stdout)
})

test.each<[string[], number, RegExp]>([
  [
    ['network', 'nosuch', '-x'],
    125,
    /^unknown shorthand flag: 'x' in -x\nSee 'lighter network --help'\.\n\nUsage: {2}lighter network COMMAND\n/,
  ],
  [
    ['--nosuch'],
    125,
    /^unknown flag: --nosuch\nSee 'lighter --help'\.\n\nUsage: {2}lighter \[OPTIONS\]/,
  ],
])('%j fails with %i, and shows what there is', (args, code, stderr) => {
  const result = call(args)
  expect(result).toMatchObject({ code, stdout: '' })
  expect(result.stderr).toMatch(stderr)
})

test.each<[string[], number, string]>([
  [['help', 'network', 'nosuch'], 1, 'unknown help topic: nosuch\n'],
  [['nosuch'], 1, "lighter: 'nosuch' is not a docker command.\nSee 'lighter --help'\n"],
  [['run', '--foo'], 125, "unknown flag: --foo\nSee 'lighter run --help'.\n"],
  [['container', 'ls', '--foo'], 125, "unknown flag: --foo\nSee 'lighter container ls --help'.\n"],
  [['ps', '--last'], 125, "flag needs an argument: --last\nSee 'lighter ps --help'.\n"],
])('%j fails with %i', (args, code, stderr) => {
  expect(call(args)).toEqual({ code, stdout: '', stderr })
})

test.each<[string[], string]>([
  [['run'], '"lighter run" requires at least 1 argument.'],
  [['exec', 'box'], '"lighter exec" requires at least 2 arguments.'],
  [['logs', 'a', 'b'], '"lighter logs" requires exactly 1 argument.'],
  [['ps', 'a'], '"lighter ps" accepts no arguments.'],
  [['images', 'a', 'b'], '"lighter images" requires at most 1 argument.'],
])('%j has the wrong number of operands', (args, sentence) => {
  const result = call(args)
  expect(result.code).toBe(1)
  expect(result.stderr).toContain(
    `${sentence}\nSee 'lighter ${args[0]} --help'.\n\nUsage:  lighter ${args[0]} `,
  )
})

test('a group alone explains itself', () => {
  expect(call(['container']).code).toBe(0)
  expect(call(['container', 'nosuch']).code).toBe(1)
  expect(call(['container']).stderr).toMatch(/^\nUsage: {2}lighter container COMMAND\n/)
})

test('through a symlink it calls itself docker', () => {
  const link = join(home, 'docker')
  symlinkSync(process.execPath, link)
  expect(call(['nosuch'], link).stderr).toBe(
    "docker: 'nosuch' is not a docker command.\nSee 'docker --help'\n",
  )
})

test('there is no daemon to be connected to', () => {
  const result = call(['-H', 'tcp://127.0.0.1:1', 'version'])
  expect(result.code).toBe(125)
  expect(result.stderr).toMatch(/no daemon/)
})

test('help and version leave no trace on disk', () => {
  call(['--version'])
  call(['ps', '--help'])
  expect(readdirSync(home)).not.toContain('data')
})
