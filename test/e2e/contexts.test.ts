import { createHash } from 'node:crypto'
import { chownSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
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
  for (const directory of ['.docker', '.docker/contexts', '.docker/contexts/meta'])
    chownSync(join(world.home, directory), world.ids.uid, world.ids.gid)
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

test('create, update and rm: files that Docker’s client reads', async () => {
  const own = `unix://${world.sockets}/docker.sock`
  const hostOf = async (name: string) =>
    (await context('inspect', name, '-f', '{{.Endpoints.docker.Host}}')).stdout.trim()
  const created = { exitCode: 0, stdout: 'mine\n', stderr: 'Successfully created context "mine"\n' }
  expect(await context('create', 'mine')).toEqual(created)
  expect(await hostOf('mine')).toBe(own)
  const key = join(world.home, 'key.pem')
  writeFileSync(key, 'secret')
  await context('update', 'mine', '--docker', `host=ssh://far,key=${key}`)
  expect(await hostOf('mine')).toBe('ssh://far')
  const { Storage, TLSMaterial } = JSON.parse((await context('inspect', 'mine')).stdout)[0]
  expect(TLSMaterial).toEqual({ docker: ['key.pem'] })
  const modeOf = (...parts: string[]) => statSync(join(...parts)).mode & 0o777
  expect(modeOf(Storage.TLSPath)).toBe(0o700)
  expect(modeOf(Storage.TLSPath, 'docker/key.pem')).toBe(0o600)
  expect(modeOf(Storage.MetadataPath, 'meta.json')).toBe(0o644)

  // With its secrets, into an archive for its owner alone, and back.
  const archive = join(world.home, 'mine.dockercontext')
  await context('export', 'mine', archive)
  expect(modeOf(archive)).toBe(0o600)
  await context('import', 'again', archive)
  const again = JSON.parse((await context('inspect', 'again')).stdout)[0]
  expect(again).toMatchObject({ TLSMaterial, Endpoints: { docker: { Host: 'ssh://far' } } })
  expect(readFileSync(join(again.Storage.TLSPath, 'docker/key.pem'), 'utf8')).toBe('secret')
  const warned = await context('create', 'copy', '--docker', 'from=mine,host=tcp://other')
  expect(warned.stderr).toContain('WARNING: --docker: beside "from" there is no effect of: host')
  expect(await context('export', 'nosuch', `${archive}-2`)).toMatchObject({ exitCode: 1 })
  expect(existsSync(`${archive}-2`)).toBe(false)

  expect((await context('rm', 'mine', 'again', 'copy')).stdout).toBe('mine\nagain\ncopy\n')
  expect(existsSync(Storage.TLSPath)).toBe(false)
  expect((await context('ls', '-q')).stdout).toBe('default\nfar\n')
})
