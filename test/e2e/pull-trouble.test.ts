import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect } from 'vitest'
import { stallOnce } from '../helpers/faults.ts'
import { isBlob } from '../helpers/front.ts'
import { PullPlace, testAt } from '../helpers/pull-place.ts'
import type { World } from '../helpers/world.ts'

const test = testAt(() => new PullPlace('pull-trouble'))
const lines = (text: string): string[] => text.split('\n').filter(Boolean)

describe.concurrent('a registry in trouble', () => {
  const patience = (seconds: number) => ({ env: { LIGHTER_REGISTRY_TIMEOUT: `${seconds}` } })

  test('accepts and never answers', async ({ at }) => {
    const { host } = await at.open(() => {})
    const begin = Date.now()
    const outcome = await at.world.lighter(['pull', `${host}/busybox`], patience(1))
    expect(outcome.stderr).toMatch(/^Error response from daemon: Get "http:.*timeout.*\n$/)
    expect(outcome.exitCode).toBe(1)
    expect(Date.now() - begin).toBeLessThan(50_000)
  })

  // A busy machine may take more than a second for each of the other answers.
  test('falls silent in the middle, always', async ({ at }) => {
    const { host } = await at.open((request, _response, forward) =>
      isBlob(request) ? forward((piece, offset) => (offset > 0 ? undefined : piece)) : forward(),
    )
    const outcome = await at.world.lighter(['pull', `${host}/debian:bookworm`], patience(3))
    expect(outcome.stderr).toMatch(/blobs\/sha256:.*the registry stopped sending\n$/)
    expect(lines(outcome.stderr)).toHaveLength(1)
    expect(outcome.exitCode).toBe(1)
  })

  test('falls silent in the middle, once', async ({ at }) => {
    const { host } = await at.open(stallOnce(2 * 1024 * 1024))
    const outcome = await at.world.lighter(['pull', `${host}/debian:bookworm`], patience(4))
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
  })

  test('asks to come back later', async ({ at }) => {
    let first = 0
    let second = 0
    const { host } = await at.open((request, response, forward) => {
      if (!request.url?.includes('/manifests/')) return forward()
      if (first === 0) {
        first = Date.now()
        response.writeHead(429, { 'retry-after': '2' }).end()
        return
      }
      second ||= Date.now()
      forward()
    })
    const outcome = await at.world.lighter(['pull', '-q', `${host}/busybox`])
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(second - first).toBeGreaterThanOrEqual(1900)
  })

  test('sends another layer than promised', async ({ at }) => {
    const { host } = await at.open((request, _response, forward) => {
      if (!isBlob(request)) return forward()
      forward((piece, offset) => {
        if (piece.length > 20_000 && offset < 20_000) piece[10_000] = 0xff & ~(piece[10_000] ?? 0)
        return piece
      })
    })
    const outcome = await at.world.lighter(['pull', `${host}/busybox`])
    expect(outcome.stderr).toMatch(
      /^filesystem layer verification failed for digest sha256:[0-9a-f]{64}\n$/,
    )
    expect(outcome.exitCode).toBe(1)
    expect(at.list('refs')).toEqual([])
    expect(at.list('layers').length).toBeLessThan(2)
  })

  test('sends a manifest that is too large, or of another age', async ({ at }) => {
    const answers: Record<string, Buffer> = {
      large: Buffer.alloc(5 * 1024 * 1024, ' '),
      old: Buffer.from(JSON.stringify({ schemaVersion: 1, name: 'x', fsLayers: [] })),
      odd: Buffer.from('[]'),
    }
    const { host } = await at.open((request, response, forward) => {
      const tag = /\/manifests\/(\w+)$/.exec(request.url ?? '')?.[1] ?? ''
      const answer = answers[tag]
      if (answer) response.end(answer)
      else forward()
    })
    const say = async (tag: string) => {
      const outcome = await at.world.lighter(['pull', '-q', `${host}/busybox:${tag}`])
      expect(outcome.exitCode).toBe(1)
      expect(lines(outcome.stderr)).toHaveLength(1)
      return outcome.stderr
    }
    expect(await say('large')).toMatch(/more than 4194304 bytes/)
    expect(await say('old')).toContain('manifest version 2, schema 1 support is disabled')
    expect(await say('odd')).toMatch(/manifest is damaged/)
  })

  test('sends blobs from elsewhere, where our permission has no business', async ({ at }) => {
    const storage = await at.open((_request, _response, forward) => forward())
    const { host } = await at.open((request, response, forward) => {
      if (!request.headers.authorization) {
        response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
      } else if (isBlob(request)) {
        response.writeHead(307, { location: `http://${storage.host}${request.url}` }).end()
      } else forward()
    })
    login(at.world, host, 'user', 'secret word')
    const outcome = await at.world.lighter(['pull', '-q', `${host}/busybox`])
    expect(outcome).toMatchObject({ exitCode: 0, stderr: '' })
    expect(storage.seen.length).toBeGreaterThan(0)
    expect(storage.seen.filter(({ authorization }) => authorization)).toEqual([])
  })
})

function login(world: World, host: string, user: string, password: string): void {
  const auth = Buffer.from(`${user}:${password}`).toString('base64')
  const directory = join(world.home, '.docker')
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'config.json'), JSON.stringify({ auths: { [host]: { auth } } }))
  execFileSync('chown', ['-R', `${world.ids.uid}:${world.ids.gid}`, directory])
}
