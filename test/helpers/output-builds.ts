import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject } from 'vitest'
import { later } from './later.ts'
import { writeAs } from './registries.ts'
import { makeWorld, type Outcome, type World } from './world.ts'

/** A world that builds, from the first test of a file to its last. */
export interface OutputBuilds {
  world: World
  registry: string
  /** Repositories of this file alone: others use the registry, too. */
  own: string
  /** A context whose Dockerfile makes three layers; `Dockerfile.scratch` is for any platform. */
  context: () => string
  /** Makes a context of these files, and returns its path. Below a directory of its own: the owner of all that is in it changes. */
  makeContext: (name: string, files: Record<string, string>) => string
  build: (args: string[], env?: Record<string, string>) => Promise<Outcome>
  /** What a build says that must succeed. */
  built: (args: string[], env?: Record<string, string>) => Promise<string>
  /** What a command says that must succeed. */
  said: (...args: string[]) => Promise<string>
}

export function buildOutputs(name: string): OutputBuilds {
  const registry = inject('registry')
  const own = `${registry}/${name}-${process.pid}`
  let made: World | undefined
  let context = ''
  const world = later(() => made)
  const makeContext: OutputBuilds['makeContext'] = (folder, files) => {
    const directory = join(world.home, folder)
    for (const [path, text] of Object.entries(files))
      writeAs(world.ids, join(directory, path), text)
    return directory
  }
  const build: OutputBuilds['build'] = (args, env = {}) =>
    world.lighter(['build', '--progress', 'plain', ...args], { env })
  const built: OutputBuilds['built'] = async (args, env = {}) => {
    const outcome = await build(args, env)
    expect({ args, ...outcome }).toMatchObject({ args, exitCode: 0 })
    return outcome.stderr
  }
  const said: OutputBuilds['said'] = async (...args) => {
    const { exitCode, stdout, stderr } = await world.lighter(args)
    expect({ args, exitCode, stderr }).toMatchObject({ args, exitCode: 0 })
    return stdout.trimEnd()
  }
  beforeAll(async () => {
    made = makeWorld(name)
    await said('pull', '-q', `${registry}/busybox:latest`)
    context = makeContext('context', {
      Dockerfile: [
        `FROM ${registry}/busybox:latest`,
        'RUN echo made >/made && chmod 4755 /made',
        'COPY file /file',
        'LABEL about="<&>"',
        '',
      ].join('\n'),
      'Dockerfile.scratch':
        'FROM scratch\nCOPY file /dir/file\nARG TARGETARCH\nENV A=$TARGETARCH\n',
      file: 'content\n',
    })
  })
  afterAll(() => made?.remove())
  return { world, registry, own, context: () => context, makeContext, build, built, said }
}

/** What a registry has under a name, as bytes. */
export const raw = (name: string): string =>
  execFileSync('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${name}`], {
    encoding: 'utf8',
  })

export const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' })

/** A JSON document of an archive. */
export const member = (archive: string, name: string) => JSON.parse(tar('xOf', archive, name))
