import { readdirSync } from 'node:fs'
import type { BuildTopic } from './suite.ts'

/** All topics of builds, by file name. */
export async function loadBuildTopics(): Promise<BuildTopic[]> {
  const files = readdirSync(new URL('cases', import.meta.url)).sort()
  return Promise.all(
    files.map(
      async (file) => (await import(new URL(`cases/${file}`, import.meta.url).href)).default,
    ),
  )
}
