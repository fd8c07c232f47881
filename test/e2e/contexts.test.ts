import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let meta: string
const context = (...args: string[]) => world.lighter(['context', ...args])

beforeAll(() => {
  world = makeWorld('contexts')
  const id = createHash('sha256').update('far').digest('hex')
  meta = join(world.home, '.docker/contexts/meta', id)
  mkdirSync(meta, { recursive: true })
  writeFileSync(
    join(meta, 'meta.json'),
    '{"Name":"far","Metadata":{"Description":"Another"},"Endpoints":{"docker":{"Host":"ssh://far","SkipTLSVerify":false}}}',
  )
  const broken = join(world.home, '.docker/contexts/meta/broken')
  mkdirSync(broken)
  writeFileSync(join(broken, 'meta.json'), '{')
  chownSync(join(world.home, '.docker'), world.ids.uid, world.ids.gid)
})
afterAll(() => world?.remove())

test('ls: those of Docker’s clients, and this engine, which is current', async () => {
  const own = `unix://${world.sockets}/docker.sock`
  const { stdout } = await context('ls')
  expect(stdout.split('\n').map((line) => line.split(/ {2,}/))).toEqual([
    ['NAME', 'DESCRIPTION', 'DOCKER ENDPOINT', 'ERROR'],
    ['default *', "This user's own engine", own, ''],
    ['far', 'Another', 'ssh://far', ''],
    [''],
  ])
  expect((await context('list', '-q')).stdout).toBe('default\nfar\n')
  const lines = (await context('ls', '--format', 'json')).stdout.trim().split('\n')
  expect(lines.map((line) => JSON.parse(line).Current)).toEqual([true, false])
  const format = '{{.Name}}{{if .Current}} now{{end}} {{.Current}}'
  expect((await context('ls', '--format', format)).stdout).toBe('default now true\nfar false\n')
  expect(await context('ls', '--format', '{{.Nme}}')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr:
      'template parsing error: template: :1:2: executing "" at <.Nme>: can\'t evaluate field Nme in type *formatter.clientContextContext\n',
  })
})

test('inspect: where clients connect', async () => {
  const format = '{{.Endpoints.docker.Host}}'
  expect((await context('inspect', '-f', format)).stdout).toBe(
    `unix://${world.sockets}/docker.sock\n`,
  )
  const { exitCode, stdout, stderr } = await context('inspect', 'far', 'nosuch')
  expect([exitCode, JSON.parse(stdout)]).toEqual([
    1,
    [
      {
        Name: 'far',
        Metadata: { Description: 'Another' },
        Endpoints: { docker: { Host: 'ssh://far', SkipTLSVerify: false } },
        TLSMaterial: {},
        Storage: { MetadataPath: meta, TLSPath: meta.replace('/meta/', '/tls/') },
      },
    ],
  ])
  expect(stderr).toMatch(
    /^context "nosuch": context not found: open .*: no such file or directory\n$/,
  )
})

test('show and use: commands have one engine', async () => {
  expect((await context('show')).stdout).toBe('default\n')
  expect(await context('use', 'default')).toEqual({
    exitCode: 0,
    stdout: 'default\n',
    stderr: 'Current context is now "default"\n',
  })
  expect(await context('use', 'far')).toMatchObject({
    exitCode: 1,
    stderr: expect.stringMatching(
      /^context "far": commands of lighter have this user's own engine/,
    ),
  })
})
