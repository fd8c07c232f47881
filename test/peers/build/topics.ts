import { readdirSync, readFileSync } from 'node:fs'
import type { BuildCase, BuildTopic } from './suite.ts'

/** Where lighter answers otherwise on purpose: by `topic: case`. `null`: a part that is not there. */
const DIFFERS = JSON.parse(
  readFileSync(new URL('differs.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, NonNullable<BuildCase['differs']>>>

/** All topics of builds, by file name. */
export async function loadBuildTopics(): Promise<BuildTopic[]> {
  const files = readdirSync(new URL('cases', import.meta.url)).sort()
  return Promise.all(files.map(loadTopic))
}

/** Which ones those are. */
export const differing = (): string[] => Object.keys(DIFFERS)

async function loadTopic(file: string): Promise<BuildTopic> {
  const module = await import(new URL(`cases/${file}`, import.meta.url).href)
  const { name, cases } = module.default as BuildTopic
  return { name, cases: cases.map((each) => withDifferences(name, each)) }
}

function withDifferences(topic: string, each: BuildCase): BuildCase {
  const differs = DIFFERS[`${topic}: ${each.name}`]
  return differs ? { ...each, differs } : each
}
