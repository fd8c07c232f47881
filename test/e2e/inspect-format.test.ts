import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox`
const daemon = 'Error response from daemon: '

let world: World
let id = ''
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('format')
  const flags = ['--network', 'none', '-v', 'things:/v', '--label', 'a=1']
  const started = await lighter('run', '-d', '--name', 'one', ...flags, image, 'sleep', '1000')
  id = started.stdout.trim()
  await lighter('run', '--name', 'two', '--network', 'none', image, 'sh', '-c', 'exit 3')
})
afterAll(() => world.remove())

describe('inspect', () => {
  test.each([
    [['-f', '{{.Name}} {{.State.Running}} {{.HostConfig.NetworkMode}}'], '/one true none\n'],
    [['-f', '{{.Id | printf "%.3s"}}|{{json .Config.Labels.a}}'], /^[0-9a-f]{3}\|"1"\n$/],
    [['--type', 'container', '-sf', '{{.SizeRw}} {{printf "%T" .SizeRootFs}}'], '0 *int64\n'],
    [['-f', 'json'], /^\[{"Id":"[0-9a-f]{64}",.*}\]\n$/],
  ])('%j', async (flags, expected) => {
    const outcome = await lighter('inspect', ...flags, 'one')
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(outcome.stdout).toMatch(expected)
  })

  test('several objects, a line each; what is missing is told at the end', async () => {
    expect(await lighter('inspect', '-f', '{{.Name}}', 'nosuch', 'one', 'things')).toEqual({
      exitCode: 1,
      stdout: '/one\nthings\n',
      stderr: 'Error: No such object: nosuch\n',
    })
  })

  test.each([
    ['{{', 64, '', 'template parsing error: template: :1: unclosed action\n'],
    [
      '{{.Nope}}',
      1,
      '\n',
      'template parsing error: template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope"\n',
    ],
  ])('%s', async (format, exitCode, stdout, stderr) => {
    expect(await lighter('inspect', '--format', format, 'one')).toEqual({
      exitCode,
      stdout,
      stderr,
    })
  })

  test.each([
    ['volume', `${daemon}get nosuch: no such volume\n`],
    ['network', `${daemon}network nosuch not found\n`],
    ['image', `${daemon}No such image: nosuch:latest\n`],
    ['container', `${daemon}No such container: nosuch\n`],
    ['plugin', `${daemon}plugin "nosuch" not found\n`],
  ])('--type %s of nothing', async (type, stderr) => {
    expect(await lighter('inspect', '--type', type, 'nosuch')).toEqual({
      exitCode: 1,
      stdout: '[]\n',
      stderr,
    })
  })

  test('volumes, networks and images are found without --type', async () => {
    const format = ['inspect', '-f', '{{.Name}} {{.Driver}}']
    expect((await lighter(...format, 'things', 'bridge')).stdout).toBe(
      'things local\nbridge bridge\n',
    )
    const members = await lighter('inspect', '-f', '{{range .Containers}}{{.Name}}{{end}}', 'none')
    expect(members.stdout).toBe('one\n')
    expect(await lighter('inspect', '-s', '-f', '{{.Os}}', image)).toEqual({
      exitCode: 0,
      stdout: 'linux\n',
      stderr: 'WARNING: --size ignored for image\n',
    })
  })
})

describe('ps', () => {
  test('formats and filters', async () => {
    const ps = async (...args: string[]) => (await lighter('ps', ...args)).stdout
    expect(await ps('--format', '{{.Names}} {{.ID}} {{.Label "a"}}')).toBe(
      `one ${id.slice(0, 12)} 1\n`,
    )
    expect(await ps('-a', '--format', 'table {{.Names}}\\t{{.State}}')).toBe(
      'NAMES     STATE\ntwo       exited\none       running\n',
    )
    expect(await ps('--filter', 'status=exited', '-q', '--no-trunc')).toMatch(/^[0-9a-f]{64}\n$/)
    expect(await ps('-af', 'ancestor=busybox', '-f', 'exited=3', '--format', '{{.Names}}')).toBe('')
    expect(await ps('-af', `ancestor=${image}`, '-f', 'exited=3', '--format', '{{.Names}}')).toBe(
      'two\n',
    )
    expect(await ps('--format', '{{.Size}}')).toMatch(/^0B \(virtual [\d.]+MB\)\n$/)
    expect(await ps('-f', 'name=nosuch', '--format', '{{.Names}}')).toBe('')
  })

  test('psFormat of the configuration counts where no --format is given', async () => {
    const config = join(world.home, 'docker-config')
    mkdirSync(config)
    writeFileSync(join(config, 'config.json'), '{"psFormat":"<{{.Names}}>"}')
    const env = { DOCKER_CONFIG: config }
    expect((await world.lighter(['ps'], { env })).stdout).toBe('<one>\n')
    expect((await world.lighter(['ps', '-q'], { env })).stdout).toBe(`${id.slice(0, 12)}\n`)
    expect((await world.lighter(['ps', '--format', 'table'], { env })).stdout).toMatch(/^CONTAINER/)
    writeFileSync(join(config, 'config.json'), '{')
    const broken = await world.lighter(['ps', '--format', '{{.Names}}'], { env })
    expect(broken).toMatchObject({ exitCode: 0, stdout: 'one\n' })
    expect((await world.lighter(['ps'], { env })).stderr).toMatch(/^WARNING: Error loading config/)
  })

  test.each([
    ['{{', 'failed to parse template: template: :1: unclosed action\n'],
    [
      '{{.Nope}}',
      `failed to execute template: template: :1:2: executing "" at <.Nope>: can't evaluate field Nope in type *formatter.ContainerContext\n`,
    ],
  ])('%s', async (format, stderr) => {
    expect(await lighter('ps', '--format', format)).toEqual({ exitCode: 1, stdout: '', stderr })
  })
})
