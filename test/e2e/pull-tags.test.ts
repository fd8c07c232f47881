import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, inject, test } from 'vitest'
import { type Front, startFront } from '../helpers/front.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
let front: Front | undefined
beforeEach(() => {
  world = makeWorld('pull-tags')
})
afterEach(async () => {
  await front?.stop()
  front = undefined
  await world.remove()
})

const lines = (text: string): string[] => text.split('\n').filter(Boolean)
const tags = async () =>
  lines((await world.lighter(['images', '--format', '{{.Tag}}'])).stdout).toSorted()

/** A front that answers for the list of tags itself. */
async function listing(
  answer: (query: URLSearchParams, response: ServerResponse) => void,
): Promise<string> {
  front = await startFront(inject('registry'), (request, response, forward) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
    if (pathname === '/v2/busybox/tags/list') answer(searchParams, response)
    else forward()
  })
  return `${front.host}/busybox`
}

const PAGES: Record<string, { tags: string[]; link?: string }> = {
  '': { tags: ['latest', 'zstd'], link: '</v2/busybox/tags/list?last=zstd&n=2>; rel="next"' },
  zstd: { tags: ['schema2'], link: '<list?last=schema2>; rel=next' },
  schema2: { tags: ['arm64'] },
}

test('all pages are fetched, each tag is told of, one sentence says the end', async () => {
  const image = await listing((query, response) => {
    const page = PAGES[query.get('last') ?? '']
    if (page?.link) response.setHeader('Link', page.link)
    response.end(JSON.stringify({ name: 'busybox', tags: page?.tags }))
  })
  const first = await world.lighter(['pull', '-a', image])
  expect(first).toMatchObject({ exitCode: 0, stderr: '' })
  const said = lines(first.stdout)
  expect(said.filter((line) => line.includes('Pulling from'))).toEqual(
    ['latest', 'zstd', 'schema2', 'arm64'].map((tag) => `${tag}: Pulling from busybox`),
  )
  expect(said.filter((line) => line.startsWith('Digest: sha256:'))).toHaveLength(4)
  expect(said.filter((line) => line.startsWith('Status:'))).toEqual([
    `Status: Downloaded newer image for ${image}`,
  ])
  expect(said.at(-1)).toBe(image)
  expect(await tags()).toEqual(['arm64', 'latest', 'schema2', 'zstd'])

  const again = await world.lighter(['pull', '--all-tags', image])
  expect(lines(again.stdout).slice(-2)).toEqual([`Status: Image is up to date for ${image}`, image])
  expect((await world.lighter(['pull', '-aq', image])).stdout).toBe(`${image}\n`)
})

test('a repository without tags', async () => {
  const image = await listing((_, response) => response.end('{"name":"busybox","tags":null}'))
  expect(await world.lighter(['pull', '-a', image])).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await tags()).toEqual([])
})

test.each<[string, unknown]>([
  ['a tag that is a path', ['latest', '../../x']],
  ['a tag that is a digest', ['latest', `x@sha256:${'a'.repeat(64)}`]],
  ['a tag too long', ['latest', 'x'.repeat(129)]],
  ['many tags', ['../x', ...Array.from({ length: 300_000 }, (_, index) => `v${index}`)]],
  ['numbers', [1]],
  ['no list', 'latest'],
  ['nothing', undefined],
])('a list with %s: nothing is fetched', async (_, list) => {
  const image = await listing((_query, response) => response.end(JSON.stringify({ tags: list })))
  const outcome = await world.lighter(['pull', '-a', image])
  expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
  expect(outcome.stderr).toMatch(/invalid reference format|no list of tags that can be read/)
  expect(await tags()).toEqual([])
})

test('pages that lead round in a circle', async () => {
  const image = await listing((_, response) => {
    response.setHeader('Link', '</v2/busybox/tags/list?last=a>; rel="next"')
    response.end('{"tags":["latest"]}')
  })
  const outcome = await world.lighter(['pull', '-a', image])
  expect(outcome.stderr).toMatch(/no list of tags that can be read\n$/)
  expect(front?.seen.filter(({ path }) => path.includes('tags/list'))).toHaveLength(2)
})

test('the words of Docker', async () => {
  const registry = inject('registry')
  const fail = async (...args: string[]) => {
    const { exitCode, stdout, stderr } = await world.lighter(['pull', '-a', ...args])
    expect([exitCode, stdout]).toEqual([1, ''])
    return stderr
  }
  expect(await fail(`${registry}/busybox:latest`)).toBe("tag can't be used with --all-tags/-a\n")
  expect(await fail(`${registry}/busybox@sha256:${'a'.repeat(64)}`)).toBe(
    "tag can't be used with --all-tags/-a\n",
  )
  expect(await fail(`${registry}/nosuch`)).toBe(
    `Error response from daemon: repository ${registry}/nosuch not found: name unknown: repository name not known to registry\n`,
  )
})
