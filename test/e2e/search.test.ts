import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { writeAs } from '../helpers/registries.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const LONG =
  "Debian is a Linux distribution that's composed entirely of free and open-source software."
const RESULTS = [
  { name: 'debian', description: LONG, star_count: 5000, is_official: true },
  { name: 'joe/x', description: 'short\nline \u001b[31mtwo', star_count: 3, is_official: false },
  { name: 'a/zero', description: '', star_count: 0, is_official: false },
]

let world: World
let host = ''
let seen: { path: string; authorization: string | undefined }[] = []
/** The search endpoint of the first kind of registries: Debian's has it no more. */
const server = createServer((request, response) => {
  seen.push({ path: request.url ?? '', authorization: request.headers.authorization })
  if (!request.url?.startsWith('/v1/search')) return void response.writeHead(404).end()
  const broken = request.url.includes('q=broken')
  response.writeHead(request.url.includes('q=missing') ? 404 : 200)
  response.end(broken ? '{' : JSON.stringify({ num_results: 3, results: RESULTS }))
})

beforeAll(async () => {
  world = makeWorld('search')
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  server.close()
  await world.remove()
})
beforeEach(() => {
  seen = []
})

const search = (...args: string[]) => world.lighter(['search', ...args, `${host}/x`])
const fine = (stdout: string) => ({ exitCode: 0, stdout, stderr: '' })
const HEAD = 'NAME      DESCRIPTION                                     STARS     OFFICIAL\n'
const DEBIAN = "debian    Debian is a Linux distribution that's compos…   5000      [OK]\n"

describe('search', () => {
  test('shows what the registry tells, without what would steer a terminal', async () => {
    expect(await search()).toEqual(
      fine(
        `${HEAD}${DEBIAN}joe/x     ${'short line [31mtwo'.padEnd(48)}3         \na/zero                                                    0         \n`,
      ),
    )
    expect(seen.at(-1)?.path).toBe('/v1/search?q=x&n=25')
    expect((await search('--no-trunc')).stdout).toContain(LONG)
  })

  test.each([
    [['--filter', 'is-official=true'], ['debian']],
    [
      ['--filter', 'is-official=0'],
      ['joe/x', 'a/zero'],
    ],
    [
      ['-f', 'stars=3'],
      ['debian', 'joe/x'],
    ],
    [['-f', 'stars=3', '-f', 'is-official=false'], ['joe/x']],
  ])('%j', async (args, names) => {
    const { stdout } = await search(...args, '--format', '{{.Name}}')
    expect(stdout.trim().split('\n')).toEqual(names)
  })

  test('formats', async () => {
    expect(
      (await search('--format', '{{.Name}}|{{.StarCount}}|{{.IsOfficial}}|{{.IsAutomated}}'))
        .stdout,
    ).toBe('debian|5000|[OK]|\njoe/x|3||\na/zero|0||\n')
    const [first] = (await search('--format', 'json')).stdout.split('\n')
    expect(JSON.parse(first ?? '')).toEqual({
      ...{ Description: "Debian is a Linux distribution that's compos…", IsAutomated: 'false' },
      ...{ IsOfficial: 'true', Name: 'debian', StarCount: '5000' },
    })
  })

  test('nothing is automated: nobody is asked', async () => {
    const { stdout, stderr } = await search('--filter', 'is-automated=true')
    expect(stdout).toBe('NAME      DESCRIPTION   STARS     OFFICIAL\n')
    expect(stderr).toMatch(/^WARNING: the "is-automated" filter is deprecated/)
    expect(seen).toEqual([])
  })

  test('a limit and a login go with the question', async () => {
    const auth = Buffer.from('joe:secret').toString('base64')
    const config = JSON.stringify({ auths: { [host]: { auth } } })
    writeAs(world.ids, join(world.home, '.docker/config.json'), config)
    await search('--limit', '7')
    expect(seen.at(-1)).toEqual({ path: '/v1/search?q=x&n=7', authorization: `Basic ${auth}` })
  })

  test.each([
    [['--limit', '101'], 'limit 101 is outside the range of [1, 100]'],
    [
      ['--filter', 'stars=x'],
      `invalid filter 'stars=x': strconv.Atoi: parsing "x": invalid syntax`,
    ],
    [['--filter', 'is-official=x'], "invalid filter 'is-official=[x]'"],
    [['--filter', 'nope=x'], "invalid filter 'nope'"],
  ])('%j is refused', async (args, words) => {
    const stderr = `Error response from daemon: ${words}\n`
    expect(await search(...args)).toEqual({ exitCode: 1, stdout: '', stderr })
  })

  test('a registry without the endpoint, with a broken answer, and none at all', async () => {
    const ask = async (term: string) => (await world.lighter(['search', term])).stderr
    expect(await ask(`${host}/missing`)).toBe(
      'Error response from daemon: Unexpected status code 404\n',
    )
    expect(await ask(`${host}/broken`)).toContain('no search results that can be read')
    expect(await ask('127.0.0.1:1/x')).toMatch(
      /invalid registry endpoint "http:\/\/127\.0\.0\.1:1\/v1\/".*connection refused\n$/,
    )
  })
})
