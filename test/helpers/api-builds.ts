import { makeArchive } from '../fixtures/archive.ts'
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
