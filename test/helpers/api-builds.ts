import { beforeAll } from 'vitest'
import { makeArchive } from '../fixtures/archive.ts'
import { base } from './builds.ts'
import { type Served, serve } from './served.ts'
import type { Answer } from './service.ts'
import { messagesOf } from './service-stream.ts'

/** A context as clients send it. */
export const contextOf = (dockerfile: string, files: Record<string, string> = {}): Buffer =>
  makeArchive(
    Object.entries({ Dockerfile: dockerfile, ...files }).map(([path, data]) => ({ path, data })),
  )
/** All that a build said, as people read it. */
export const saidBy = ({ text }: Answer): string =>
  messagesOf(text)
    .map(({ stream = '' }) => stream)
    .join('')
/** Ids of what stands for containers and images are everywhere others. */
export const plain = (text: string): string =>
  text
    .replace(/ in [0-9a-f]{12}$/gm, ' in CONTAINER')
    .replace(/(container|--->|built) [0-9a-f]{12}$/gm, '$1 ID')
export const json = (value: unknown): string => encodeURIComponent(JSON.stringify(value))

export interface ServedBuilds extends Served {
  build: (query: string, context: Buffer, headers?: object) => Promise<Answer>
  /** The document of an image. */
  inspected: (name: string) => Promise<ReturnType<Answer['json']>>
}

/** A service for the tests of a file that build; it has the base image, which is `busybox` as well. */
export function serveBuilds(name: string): ServedBuilds {
  const served = serve(name)
  const { ask } = served
  beforeAll(async () => {
    const image = encodeURIComponent(base())
    await ask('POST', `/images/create?fromImage=${image}`)
    await ask('POST', `/images/${image}/tag?repo=busybox`)
  })
  return {
    ...served,
    build: (query, context, headers = {}) => ask('POST', `/build?${query}`, context, headers),
    inspected: async (image) => (await ask('GET', `/images/${image}/json`)).json(),
  }
}
