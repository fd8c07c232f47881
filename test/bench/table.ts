import { cpus } from 'node:os'
import type { Measured } from './statistics.ts'

/** No more of the peer's time than this: the goal of the project. */
const GOAL = 0.9

const rows: string[][] = []
const slower: string[] = []
let floor = Number.NaN

export const decimal = (value: number, digits = 1) => value.toFixed(digits)

/** What starting the carried Node takes by itself: in every command of lighter, and in none of the peers'. */
export function setFloor(milliseconds: number): void {
  floor = milliseconds
}

/** One line of the result: medians, and ours against theirs. */
export function record(title: string, [ours, podman, docker]: Measured[], unit = 'ms'): void {
  if (!ours) return
  const digits = unit === 'ms' ? 1 : 2
  const shown = (one: Measured | undefined) => (one ? `${decimal(one.median, digits)} ${unit}` : '')
  const ratio = (one: Measured | undefined) => (one ? decimal(ours.median / one.median, 2) : '')
  const failed = [ours, podman, docker].filter((one) => one && one.failures > 0)
  for (const peer of [podman, docker]) {
    if (!peer || ours.median / peer.median <= GOAL) continue
    const bare = unit === 'ms' ? `; bare Node alone ${decimal(floor / peer.median, 2)}` : ''
    slower.push(`${title} against ${peer.name}: ${ratio(peer)}${bare}`)
  }
  rows.push([
    title,
    shown(ours),
    shown(podman),
    ratio(podman),
    shown(docker),
    ratio(docker),
    ...(failed.length > 0 ? [`FAILED: ${failed.map((one) => one?.name).join(', ')}`] : []),
  ])
  if (failed.length > 0) process.exitCode = 1
  console.log(rows.at(-1)?.join(' | '))
}

export function print(rounds: number): void {
  const today = new Date().toISOString().slice(0, 10)
  console.log(
    `\nMedians of ${rounds} rounds, ${today}, ${cpus().length} cores of ${cpus()[0]?.model.trim() ?? 'unknown'}\n`,
  )
  console.log('| whole command | lighter | Podman 5.4 | ratio | Docker 26.1 | ratio |')
  console.log('|---|---|---|---|---|---|')
  for (const row of rows) console.log(`| ${row.join(' | ')} |`)
  console.log(`\nRatios above ${GOAL}: ${slower.length === 0 ? 'none' : ''}`)
  for (const line of slower) console.log(`* ${line}`)
}
