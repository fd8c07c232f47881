import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { clientModules } from '../fixtures/client-modules.ts'
import { dockerPrograms } from '../fixtures/clients.ts'
import { startService, type TestService } from '../helpers/service.ts'
import { makeWorld, type World } from '../helpers/world.ts'
import { buildServers } from './images.ts'

let world: World
let service: TestService

beforeAll(async () => {
  world = makeWorld('devcontainers')
  await buildServers(world, [])
  service = await startService(world)
})
afterAll(async () => {
  await service?.stop()
  expect(service?.log()).toBe('')
  await world?.remove()
})

/** A project with a file, and what says how its container is made. */
function makeProject(name: string, definition: object, files: Record<string, string> = {}): string {
  const folder = join(world.home, name)
  const all = {
    'file.txt': 'of the project\n',
    '.devcontainer/devcontainer.json': JSON.stringify(definition),
    ...files,
  }
  mkdirSync(join(folder, '.devcontainer'), { recursive: true })
  for (const [path, text] of Object.entries(all)) writeFileSync(join(folder, path), text)
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, folder])
  return folder
}

/** The program of @devcontainers/cli; `docker`: what it calls for everything. */
async function devcontainer(docker: string, args: string[]): Promise<string> {
  const program = join(
    clientModules(inject('cache')),
    'node_modules/@devcontainers/cli/devcontainer.js',
  )
  const words = [program, ...args, '--docker-path', docker]
  const { exitCode, stdout, stderr } = await world.run(process.execPath, words, {
    env: { DOCKER_HOST: docker === inject('program') ? '' : service.host },
    timeout: 280_000,
  })
  if (exitCode !== 0) throw new Error(`devcontainer ${args.join(' ')}: ${stdout}\n${stderr}`)
  return stdout
}

describe.each(['docker with the service', 'lighter'])('%s', (who) => {
  const short = who.split(' ')[0] ?? ''
  const docker = () =>
    short === 'docker' ? dockerPrograms(inject('cache')).docker : inject('program')

  test('a dev container of an image', async () => {
    const folder = makeProject(`image-${short}`, {
      image: 'stack:latest',
      containerEnv: { INSIDE: 'yes' },
      postCreateCommand: 'echo made > made.txt',
      forwardPorts: [8000],
    })
    const up = await devcontainer(docker(), ['up', '--workspace-folder', folder])
    const { outcome, containerId } = JSON.parse(up.trim().split('\n').at(-1) ?? '')
    expect(outcome).toBe('success')
    expect(readFileSync(join(folder, 'made.txt'), 'utf8')).toBe('made\n')
    const script = 'cat file.txt; echo $INSIDE'
    const inside = ['exec', '--workspace-folder', folder, 'sh', '-c', script]
    expect(await devcontainer(docker(), inside)).toBe('of the project\nyes\n')
    await world.lighter(['rm', '-f', '-v', containerId])
  })

  test('a dev container of a Dockerfile', async () => {
    const folder = makeProject(
      `file-${short}`,
      { build: { dockerfile: 'Dockerfile', args: { WHO: 'you' } }, remoteUser: 'dev' },
      {
        '.devcontainer/Dockerfile':
          'FROM stack:latest\nARG WHO\nRUN useradd -m -s /bin/bash dev && echo "for $WHO" > /who\n',
      },
    )
    const up = await devcontainer(docker(), ['up', '--workspace-folder', folder])
    const { outcome, remoteUser, containerId } = JSON.parse(up.trim().split('\n').at(-1) ?? '')
    expect([outcome, remoteUser]).toEqual(['success', 'dev'])
    const inside = ['exec', '--workspace-folder', folder, 'sh', '-c', 'id -un; cat /who']
    expect(await devcontainer(docker(), inside)).toBe('dev\nfor you\n')
    await world.lighter(['rm', '-f', '-v', containerId])
  })
})
