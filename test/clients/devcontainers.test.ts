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

/** What the program calls for everything, by name. */
const CALLED = {
  lighter: () => ({ docker: inject('program'), env: {} }),
  docker: () => ({
    docker: dockerPrograms(inject('cache')).docker,
    env: { DOCKER_HOST: service.host },
  }),
  'docker-buildx': () => {
    const { docker, plugins } = dockerPrograms(inject('cache'))
    const config = join(world.home, 'docker-config')
    mkdirSync(config, { recursive: true })
    writeFileSync(join(config, 'config.json'), JSON.stringify({ cliPluginsExtraDirs: [plugins] }))
    execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, config])
    return { docker, env: { DOCKER_HOST: service.host, DOCKER_CONFIG: config } }
  },
}

/** The program of @devcontainers/cli. Throws where it fails. */
async function devcontainer(
  who: keyof typeof CALLED,
  [verb = '', ...args]: string[],
): Promise<string> {
  const program = join(
    clientModules(inject('cache')),
    'node_modules/@devcontainers/cli/devcontainer.js',
  )
  const { docker, env } = CALLED[who]()
  const words = [program, verb, '--docker-path', docker, ...args]
  const { exitCode, stdout, stderr } = await world.run(process.execPath, words, {
    // It keeps files of its own there, by the name of the user.
    env: { ...env, TMPDIR: world.home },
    timeout: 280_000,
  })
  if (exitCode !== 0) throw new Error(`devcontainer ${words.join(' ')}: ${stdout}\n${stderr}`)
  return stdout
}

describe.each(['lighter', 'docker', 'docker-buildx'] as const)('%s', (who) => {
  test('a dev container of an image', async () => {
    const folder = makeProject(`image-${who}`, {
      image: 'stack:latest',
      containerEnv: { INSIDE: 'yes' },
      postCreateCommand: 'echo made > made.txt',
      forwardPorts: [8000],
    })
    const up = await devcontainer(who, ['up', '--workspace-folder', folder])
    const { outcome, containerId } = JSON.parse(up.trim().split('\n').at(-1) ?? '')
    expect(outcome).toBe('success')
    expect(readFileSync(join(folder, 'made.txt'), 'utf8')).toBe('made\n')
    const script = 'cat file.txt; echo $INSIDE'
    const inside = ['exec', '--workspace-folder', folder, 'sh', '-c', script]
    expect(await devcontainer(who, inside)).toBe('of the project\nyes\n')
    await world.lighter(['rm', '-f', '-v', containerId])
  })

  test('a dev container of a Dockerfile', async () => {
    const folder = makeProject(
      `file-${who}`,
      { build: { dockerfile: 'Dockerfile', args: { WHO: 'you' } }, remoteUser: 'dev' },
      {
        '.devcontainer/Dockerfile':
          'FROM stack:latest\nARG WHO\nRUN useradd -m -s /bin/bash dev && echo "for $WHO" > /who\n',
      },
    )
    const up = await devcontainer(who, ['up', '--workspace-folder', folder])
    const { outcome, remoteUser, containerId } = JSON.parse(up.trim().split('\n').at(-1) ?? '')
    expect([outcome, remoteUser]).toEqual(['success', 'dev'])
    const inside = ['exec', '--workspace-folder', folder, 'sh', '-c', 'id -un; cat /who']
    expect(await devcontainer(who, inside)).toBe('dev\nfor you\n')
    await world.lighter(['rm', '-f', '-v', containerId])
  })
})
