import { readdirSync } from 'node:fs'
import type { ApiTopic } from './suite.ts'

/** All topics, by file name. */
export async function loadApiTopics(): Promise<ApiTopic[]> {
  const files = readdirSync(new URL('cases', import.meta.url)).sort()
  return Promise.all(
    files.map(
      async (file) => (await import(new URL(`cases/${file}`, import.meta.url).href)).default,
    ),
  )
}
