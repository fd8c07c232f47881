import { Engine } from '../engine.ts'
import { note, readPending, readRecording } from '../recorded.ts'
import { compareBuilds, readAnswer } from './answer.ts'
import { type BuildCase, type BuildTopic, type KeptAnswer, scriptOf } from './suite.ts'
import { loadBuildTopics } from './topics.ts'

/** How many builds of a topic Podman answers as Docker does. */
interface Passed {
  whole: number
  /** With another history, other numbers of layers, other words for an error. */
  filesAndConfig: number
}

/** What says how an image came about, and how an error is called. */
const WORDS = ['history', 'layers', 'error']

/** Places of its mounts, which every RUN of buildah leaves in the image: no case would pass. */
const LEFT_BY_BUILDAH =
  /^(etc\/(hostname|hosts|resolv\.conf): file 700 0:0 0 ""|run: directory 755 0:0)$/

/** The table of builds, and what lighter does otherwise. With `PEERS` Podman is asked the topics that are wanted; `old`: the table as it was. */
export async function buildResults(
  old: string,
  isWanted: (name: string) => boolean,
): Promise<string[]> {
  const topics = await loadBuildTopics()
  const podman = readOldColumn(old)
  if (process.env.PEERS)
    askPodman(
      topics.filter(({ name }) => isWanted(name)),
      podman,
    )
  return [
    table(topics, podman),
    'On purpose otherwise:',
    differences(topics),
    'Not passed yet:',
    pendingList(),
  ]
}

function table(topics: BuildTopic[], podman: Map<string, Passed>): string {
  const pending = Object.keys(readPending())
  const rows = topics.map(({ name, cases }) => {
    const open = pending.filter((key) => key.startsWith(`${name}: `)).length
    return { name, total: cases.length, lighter: cases.length - open, podman: podman.get(name) }
  })
  const sum = (value: (row: (typeof rows)[number]) => number) =>
    rows.reduce((total, row) => total + value(row), 0)
  const all = {
    name: 'all',
    total: sum(({ total }) => total),
    lighter: sum(({ lighter }) => lighter),
    podman: {
      whole: sum((row) => row.podman?.whole ?? 0),
      filesAndConfig: sum((row) => row.podman?.filesAndConfig ?? 0),
    },
  }
  return [
    '| builds | lighter | Podman (buildah) | Podman, history and words of errors aside |',
    '|---|---|---|---|',
    ...[...rows, all].map(({ name, total, lighter, podman: passed }) =>
      passed
        ? `| ${name} | ${lighter}/${total} | ${passed.whole}/${total} | ${passed.filesAndConfig}/${total} |`
        : `| ${name} | ${lighter}/${total} |  |  |`,
    ),
  ].join('\n')
}

function askPodman(topics: BuildTopic[], passed: Map<string, Passed>): void {
  const engine = new Engine('podman')
  for (const topic of topics) {
    const { answers } = readRecording<KeptAnswer>(topic)
    const result: Passed = { whole: 0, filesAndConfig: 0 }
    for (const each of topic.cases) {
      const recorded = answers[each.name]
      if (!recorded) continue
      const parts = wrongParts(engine, each, recorded)
      note(`${topic.name}: ${each.name}`, parts)
      if (parts.length === 0) result.whole++
      if (parts.every((part) => WORDS.includes(part))) result.filesAndConfig++
    }
    passed.set(topic.name, result)
    console.log(`${topic.name}: ${result.whole}, ${result.filesAndConfig} of ${topic.cases.length}`)
  }
}

/** Podman is measured against Docker's own answers: what lighter does otherwise on purpose does not count for it. */
function wrongParts(engine: Engine, each: BuildCase, recorded: KeptAnswer): string[] {
  const { differs: _, ...plain } = each
  const raw = engine.askBuild(scriptOf(each))
  // Podman has codes of its own for failures.
  const exitCode = raw.exitCode === 0 ? 0 : recorded.exitCode || raw.exitCode
  try {
    const answer = readAnswer({ ...raw, exitCode })
    const files = answer.files?.filter((line) => !LEFT_BY_BUILDAH.test(line))
    const own = files ? { ...answer, files } : answer
    return compareBuilds(plain, recorded, own).map(({ part }) => part)
  } catch (error) {
    return [`no answer: ${error}`]
  }
}

function readOldColumn(text: string): Map<string, Passed> {
  const rows = text.matchAll(/^\| (build\/\S+) \| \d+\/\d+ \| (\d+)\/\d+ \| (\d+)\/\d+ \|$/gm)
  return new Map(
    [...rows].map(([, name = '', whole, rest]) => [
      name,
      { whole: Number(whole), filesAndConfig: Number(rest) },
    ]),
  )
}

function differences(topics: BuildTopic[]): string {
  const lines = topics.flatMap(({ name, cases }) =>
    cases.flatMap(({ name: title, differs }) =>
      differs ? [`* ${name}: ${title}: ${differs.why}`] : [],
    ),
  )
  return lines.join('\n') || 'nothing'
}

function pendingList(): string {
  const lines = Object.entries(readPending())
    .filter(([key]) => key.startsWith('build/'))
    .map(([key, why]) => `* ${key}: ${why}`)
  return lines.join('\n') || 'nothing'
}
