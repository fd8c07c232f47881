/** `npm run peers:table`: writes the table of results into README.md beside this file; needs a run of the suite before. */
import { readFileSync, writeFileSync } from 'node:fs'
import { compare } from './compare.ts'
import { Engine } from './engine.ts'
import { readPending, readRecording } from './recorded.ts'
import type { PeerCase, Topic } from './suite.ts'
import { loadTopics } from './topics.ts'

const README = new URL('README.md', import.meta.url)
const START = '<!-- results -->'
const END = '<!-- /results -->'

const topics = await loadTopics()
const [before = '', old = '', after = ''] = readFileSync(README, 'utf8').split(
  new RegExp(`${START}|${END}`),
)
const podman = process.env.PEERS ? askPodman(topics) : readOldColumn(old)
const text = [
  table(podman),
  'On purpose otherwise:',
  differences(),
  'Not passed yet:',
  pendingList(),
]
writeFileSync(README, `${before}${START}\n\n${text.join('\n\n')}\n\n${END}${after}`)

function table(podmanPassed: Map<string, number>): string {
  const pending = Object.keys(readPending())
  const rows = topics.map(({ name, cases }): [string, number, number, number] => [
    name,
    cases.length,
    cases.length - pending.filter((key) => key.startsWith(`${name}: `)).length,
    podmanPassed.get(name) ?? Number.NaN,
  ])
  const sum = (column: 1 | 2 | 3) => rows.reduce((total, row) => total + row[column], 0)
  return [
    '| topic | lighter | Podman |',
    '|---|---|---|',
    ...[...rows, ['all', sum(1), sum(2), sum(3)] as const].map(
      ([name, total, lighter, other]) =>
        `| ${name} | ${lighter}/${total} | ${Number.isNaN(other) ? '' : `${other}/${total}`} |`,
    ),
  ].join('\n')
}

/** Podman is measured against Docker's own answers: what lighter does otherwise on purpose does not count for it. */
function askPodman(all: Topic[]): Map<string, number> {
  const engine = new Engine('podman')
  engine.refuseIfInUse()
  return new Map(
    all.map((topic) => {
      const { answers } = readRecording(topic)
      const passes = ({ name, script, phrases }: PeerCase) => {
        const recorded = answers[name]
        const plain: PeerCase = phrases ? { name, script, phrases } : { name, script }
        return recorded && compare(plain, recorded, engine.ask(script)).length === 0
      }
      const passed = topic.cases.filter(passes).length
      console.log(`${topic.name}: ${passed}/${topic.cases.length}`)
      return [topic.name, passed]
    }),
  )
}

function readOldColumn(text: string): Map<string, number> {
  const rows = text.matchAll(/^\| (\S+) \| \d+\/\d+ \| (\d+)\/\d+ \|$/gm)
  return new Map([...rows].map(([, name = '', passed]) => [name, Number(passed)]))
}

function differences(): string {
  const lines = topics.flatMap(({ name, cases }) =>
    cases.flatMap((peer) => (peer.differs ? [`* ${name}: ${peer.name}: ${peer.differs.why}`] : [])),
  )
  return lines.join('\n') || 'nothing'
}

function pendingList(): string {
  const lines = Object.entries(readPending()).map(([key, why]) => `* ${key}: ${why}`)
  return lines.join('\n') || 'nothing'
}
