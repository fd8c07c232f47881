import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, inject } from 'vitest'
import { dockerPrograms } from '../fixtures/clients.ts'
import { base } from './builds.ts'
import { startService, type TestService } from './service.ts'
import { type CallOptions, makeWorld, type Outcome, type World } from './world.ts'

/** Docker's own command line with buildx and Compose, against a service of ours. */
export interface DockerClient {
  world: World
  service: TestService
  /** Has the client know passwords, as Docker's configuration has them: `{ HOST: { auth } }`. */
  logins: (auths: object) => void
  docker: (args: string[], options?: CallOptions) => Promise<Outcome>
  /** A script that has `docker` in its path. */
  shell: (script: string, options?: CallOptions) => Promise<Outcome>
  /** `docker`, still running. */
  start: (args: string[], options?: CallOptions) => ReturnType<World['spawn']>
  /** `docker buildx build` with plain progress, which has to work; returns its progress. */
  built: (directory: string, ...args: string[]) => Promise<string>
  stop: () => Promise<void>
}

/** Starts a service in a world of its own, with the client's programs beside it. Busybox is there as `BASE`. `env`: of all programs. */
export async function openDockerClient(
  name: string,
  env: Readonly<Record<string, string>> = {},
): Promise<DockerClient> {
  const world = makeWorld(name)
  Object.assign(world.env, env)
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
  const service = await startService(world)
  const programs = dockerPrograms(inject('cache'))
  // The service has another one: what it knows of registries is nothing of the client's.
  const config = join(world.home, 'client')
  mkdirSync(config)
  const logins = (auths: object) =>
    writeFileSync(
      join(config, 'config.json'),
      JSON.stringify({ cliPluginsExtraDirs: [programs.plugins], auths }),
    )
  logins({})
  chownSync(config, world.ids.uid, world.ids.gid)
  const options = (own: CallOptions = {}): CallOptions => ({
    timeout: 120_000,
    ...own,
    env: { DOCKER_HOST: service.host, DOCKER_CONFIG: config, ...own.env },
  })
  const docker = (args: string[], own?: CallOptions) =>
    world.run(programs.docker, args, options(own))
  return {
    world,
    service,
    logins,
    docker,
    shell: (script, own) =>
      world.run('/bin/sh', ['-c', script], {
        ...options(own),
        env: { ...options(own).env, PATH: `${dirname(programs.docker)}:/usr/bin:/bin` },
      }),
    start: (args, own) => world.spawn(programs.docker, args, options(own)),
    built: async (directory, ...args) => {
      const words = ['buildx', 'build', '--progress', 'plain', ...args, directory]
      const outcome = await docker(words)
      expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
      return outcome.stderr
    },
    stop: async () => {
      await service.stop()
      expect(service.log()).toBe('')
      await world.remove()
    },
  }
}
