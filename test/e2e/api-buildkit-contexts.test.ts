import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { base, cachedSteps, printed, writeContext } from '../helpers/builds.ts'
import { type DockerClient, openDockerClient } from '../helpers/buildx.ts'
import { type GitServer, makeRepository, startGitServer } from '../helpers/git-server.ts'
import { makeAuthority } from '../helpers/registries.ts'
import type { World } from '../helpers/world.ts'

let client: DockerClient
let world: World

const authority = makeAuthority()

beforeAll(async () => {
  // The service fetches repositories, and has to know who vouches for their servers.
  client = await openDockerClient('api-buildkit-contexts', {
    GIT_SSL_CAINFO: authority.certificate,
  })
  world = client.world
})
afterAll(async () => {
  await client?.stop()
})

const built: DockerClient['built'] = (...args) => client.built(...args)

/** A server of repositories that wants a token; `TOKEN` is it. */
async function startLocked(): Promise<{ server: GitServer; root: string }> {
  const root = mkdtempSync(join(inject('work'), 'git-'))
  execFileSync('chmod', ['755', root])
  const wanted = `basic ${btoa('x-access-token:to-ken')}`
  const server = await startGitServer(root, {
    authority,
    before: ({ headers }, response) => {
      if (headers.authorization?.toLowerCase() === wanted.toLowerCase()) return false
      response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="git"' }).end()
      return true
    },
  })
  return { server, root }
}

test('a repository, with the token that the client has', async () => {
  const { server, root } = await startLocked()
  try {
    const path = join(root, 'project.git')
    makeRepository(path, {
      Dockerfile: `FROM ${base()}\nCOPY a.txt /\n`,
      'a.txt': 'from git',
      'Other.Dockerfile': `FROM ${base()}\nCOPY a.txt /other\n`,
    })
    execFileSync('chmod', ['-R', 'a+rX', root])
    const address = `${server.url}/project.git`
    const words = ['buildx', 'build', '--progress', 'plain', '-t', 'of-git', address]
    expect((await client.docker(words)).exitCode).toBe(1)
    const secret = ['--secret', 'id=GIT_AUTH_TOKEN,env=TOKEN']
    const env = { TOKEN: 'to-ken' }
    const outcome = await client.docker([...words, ...secret], { env })
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(await printed(world, 'of-git', 'cat', '/a.txt')).toBe('from git')
    const other = await client.docker([...words, ...secret, '-f', 'Other.Dockerfile'], { env })
    expect(other, other.stderr).toMatchObject({ exitCode: 0 })
    expect(await printed(world, 'of-git', 'cat', '/other')).toBe('from git')
  } finally {
    await server.stop()
  }
})

test('an image in a layout of the client’s', async () => {
  const layout = join(world.home, 'layout')
  const place = writeContext(world, { Dockerfile: 'FROM BASE\nRUN echo lower > /lower\n' })
  await built(place, '-o', `type=oci,dest=${layout}.tar`)
  execFileSync('mkdir', [layout])
  execFileSync('tar', ['-xf', `${layout}.tar`, '-C', layout])
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, layout])
  const upper = writeContext(world, { Dockerfile: 'FROM lower\nRUN cat /lower > /upper\n' })
  const digest = JSON.parse(execFileSync('cat', [join(layout, 'index.json')], { encoding: 'utf8' }))
    .manifests[0].digest
  await built(upper, '-t', 'upper', '--build-context', `lower=oci-layout://${layout}@${digest}`)
  expect(await printed(world, 'upper', 'cat', '/upper')).toBe('lower\n')
})

test('what steps may use, and what is built anew, is as it was said', async () => {
  const place = writeContext(world, {
    Dockerfile:
      'FROM BASE AS one\nRUN ulimit -n > /files; ls /sys/class/net > /nets; df /dev/shm | tail -n 1 | awk "{print \\$2}" > /shm\nFROM BASE AS two\nCOPY --from=one /files /nets /shm /\nRUN true\n',
  })
  const words = ['--ulimit', 'nofile=123:456', '--network', 'none', '--shm-size', '8m']
  await built(place, '-t', 'limits', ...words)
  expect(await printed(world, 'limits', 'cat', '/files', '/nets', '/shm')).toBe('123\nlo\n8192\n')
  const again = await built(place, ...words, '--no-cache-filter', 'two')
  expect(cachedSteps(again).filter((name) => name.includes(' RUN '))).toEqual([
    expect.stringContaining('[one 2/2] RUN ulimit'),
  ])
  expect(cachedSteps(await built(place, ...words, '--no-cache')).join()).not.toContain('RUN')
})

test('a step on the host’s network has to be allowed', async () => {
  const place = writeContext(world, { Dockerfile: 'FROM BASE\nRUN --network=host true\n' })
  const refused = await client.docker(['buildx', 'build', '--progress', 'plain', place])
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain('network.host is not allowed')
  await built(place, '--allow', 'network.host')
})

test('a Dockerfile and a bake file from elsewhere', async () => {
  const text = `FROM ${base()}\nCOPY a.txt /from-elsewhere\n`
  const web = createServer((request, response) => {
    if (request.url === '/Dockerfile') response.end(text)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve))
  const root = mkdtempSync(join(inject('work'), 'git-'))
  execFileSync('chmod', ['755', root])
  const git = await startGitServer(root, { authority })
  try {
    const address = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
    const place = writeContext(world, { 'a.txt': 'a' })
    await built(place, '-t', 'elsewhere', '-f', `${address}/Dockerfile`)
    expect(await printed(world, 'elsewhere', 'cat', '/from-elsewhere')).toBe('a')
    const missing = ['buildx', 'build', '-f', `${address}/nosuch`, place]
    expect(await client.docker(missing)).toMatchObject({
      exitCode: 1,
      stderr: expect.stringContaining('404'),
    })
    makeRepository(join(root, 'baked.git'), {
      'docker-bake.hcl': 'target "default" {\n  tags = ["baked"]\n}\n',
      Dockerfile: text,
      'a.txt': 'from git',
    })
    execFileSync('chmod', ['-R', 'a+rX', root])
    const bake = ['buildx', 'bake', '--progress', 'plain', `${git.url}/baked.git`]
    const outcome = await client.docker(bake)
    expect(outcome, outcome.stderr).toMatchObject({ exitCode: 0 })
    expect(await printed(world, 'baked', 'cat', '/from-elsewhere')).toBe('from git')
  } finally {
    web.close()
    await git.stop()
  }
})
