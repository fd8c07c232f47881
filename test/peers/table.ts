/**
 * `npm run peers:table [-- TOPIC…]`: writes the table of results into README.md beside this file. With `PEERS` it asks
 * Podman first, all topics or those named; lighter's column follows from `pending.json`, which the suite keeps true.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { buildResults } from './build/table.ts'
import { compare } from './compare.ts'
import { Engine } from './engine.ts'
import { note, readPending, readRecording } from './recorded.ts'
import { loadTopics } from './topics.ts'

const README = new URL('README.md', import.meta.url)
const START = '<!-- results -->'
const END = '<!-- /results -->'

const wanted = process.argv.slice(2)
const topics = await loadTopics()
const [before = '', old = '', after = ''] = readFileSync(README, 'utf8').split(
  new RegExp(`${START}|${END}`),
)
const podman = readOldColumn(old)
const isWanted = (name: string) =>
  wanted.length === 0 || wanted.includes(name) || wanted.includes(name.split('/')[0] ?? '')
if (process.env.PEERS && topics.some(({ name }) => isWanted(name))) askPodman(podman)
const text = [
  table(podman),
  'On purpose otherwise:',
  differences(),
  'Not passed yet:',
  pendingList(),
  '### Builds',
  ...(await buildResults(old, isWanted)),
]
writeFileSync(README, `${before}${START}\n\n${text.join('\n\n')}\n\n${END}${after}`)

/** How many cases of a topic Podman answers as Docker does. */
interface Passed {
  whole: number
  /** With another standard error, or none. */
  withoutErrors: number
}

function table(podmanPassed: Map<string, Passed>): string {
  const pending = Object.keys(readPending())
  const rows = topics.map(({ name, cases }): [string, number, number, Passed | undefined] => [
    name,
    cases.length,
    cases.length - pending.filter((key) => key.startsWith(`${name}: `)).length,
    podmanPassed.get(name),
  ])
  const sum = (value: (row: (typeof rows)[number]) => number) =>
    rows.reduce((total, row) => total + value(row), 0)
  const all: (typeof rows)[number] = [
    'all',
    sum(([, total]) => total),
    sum(([, , lighter]) => lighter),
    {
      whole: sum(([, , , podman]) => podman?.whole ?? 0),
      withoutErrors: sum(([, , , podman]) => podman?.withoutErrors ?? 0),
    },
  ]
  return [
    '| topic | lighter | Podman | Podman, standard error aside |',
    '|---|---|---|---|',
    ...[...rows, all].map(([name, total, lighter, podman]) =>
      podman
        ? `| ${name} | ${lighter}/${total} | ${podman.whole}/${total} | ${podman.withoutErrors}/${total} |`
        : `| ${name} | ${lighter}/${total} |  |  |`,
    ),
  ].join('\n')
}

/**
 * Podman is measured against Docker's own answers: what lighter does otherwise on purpose does not count for it.
 * `LIGHTER_PEERS_REPORT` collects what is wrong with what it says, as in the suite.
 */
function askPodman(passed: Map<string, Passed>): void {
  const engine = new Engine('podman')
  engine.refuseIfInUse()
  for (const topic of topics) {
    if (!isWanted(topic.name)) continue
    const { answers } = readRecording(topic)
    const result: Passed = { whole: 0, withoutErrors: 0 }
    for (const { name, script, phrases } of topic.cases) {
      const recorded = answers[name]
      if (!recorded) continue
      const answer = engine.ask(`${topic.name}: ${name}`, script)
      const wrong = compare(
        phrases ? { name, script, phrases } : { name, script },
        recorded,
        answer,
      )
      note(`${topic.name}: ${name}`, wrong)
      if (wrong.length === 0) result.whole++
      if (compare({ name, script, phrases: [] }, recorded, answer).length === 0)
        result.withoutErrors++
    }
    passed.set(topic.name, result)
    console.log(`${topic.name}: ${result.whole}, ${result.withoutErrors} of ${topic.cases.length}`)
  }
}

function readOldColumn(text: string): Map<string, Passed> {
  const rows = text.matchAll(/^\| (\S+) \| \d+\/\d+ \| (\d+)\/\d+ \| (\d+)\/\d+ \|$/gm)
  return new Map(
    [...rows].map(([, name = '', whole, withoutErrors]) => [
      name,
      { whole: Number(whole), withoutErrors: Number(withoutErrors) },
    ]),
  )
}

function differences(): string {
  const lines = topics.flatMap(({ name, cases }) =>
    cases.flatMap((peer) => (peer.differs ? [`* ${name}: ${peer.name}: ${peer.differs.why}`] : [])),
  )
  return lines.join('\n') || 'nothing'
}

function pendingList(): string {
  const lines = Object.entries(readPending())
    .filter(([key]) => !key.startsWith('build/'))
    .map(([key, why]) => `* ${key}: ${why}`)
  return lines.join('\n') || 'nothing'
}
