import { execFileSync, spawnSync } from 'node:child_process'
import { appendFileSync, chmodSync, existsSync, mkdirSync, readFileSync } from 'node:fs'

export interface TestUser {
  name: string
  uid: number
  gid: number
  /** First subordinate id and their number. */
  subuids: [number, number]
}

/** Files that run side by side: with two, two processors were idle for a quarter of the time. */
export const LANES = 3

/** Which lane this file runs in, from 0. */
export const laneOf = (): number => Number(process.env.VITEST_POOL_ID ?? 1) - 1

/** Two runs at a time on one machine need two names: a run ends every process of its users. */
const NAME = process.env.LIGHTER_TEST_USER || 'lighter-test'
const SUBORDINATE_COUNT = 65536

/** The unprivileged users that run the containers, one for each lane. */
export const ensureTestUsers = (): TestUser[] =>
  Array.from({ length: LANES }, (_, lane) =>
    ensureTestUser(lane === 0 ? NAME : `${NAME}-${lane + 1}`),
  )

/** An unprivileged user that runs containers; made at the first run and kept. Needs root. */
export function ensureTestUser(name = NAME): TestUser {
  if (spawnSync('id', [name]).status !== 0)
    execFileSync('useradd', ['--no-create-home', '--home-dir', '/nonexistent', name])
  const subuids = ensureRange('/etc/subuid', name)
  ensureRange('/etc/subgid', name)
  const idOf = (flag: string) => Number(execFileSync('id', [flag, name], { encoding: 'utf8' }))
  return { name, uid: idOf('-u'), gid: idOf('-g'), subuids }
}

function readRanges(file: string): { name: string; first: number; count: number }[] {
  if (!existsSync(file)) return []
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => fields.length === 3)
    .map(([name = '', first, count]) => ({ name, first: Number(first), count: Number(count) }))
}

function ensureRange(file: string, user: string): [number, number] {
  const ranges = readRanges(file)
  const own = ranges.find(({ name, count }) => name === user && count >= SUBORDINATE_COUNT)
  if (own) return [own.first, own.count]
  const first = Math.max(100_000, ...ranges.map((range) => range.first + range.count))
  appendFileSync(file, `${user}:${first}:${SUBORDINATE_COUNT}\n`)
  return [first, SUBORDINATE_COUNT]
}

/** Real hosts have both devices open to everyone; minimal machines do not. */
export function openDevices(): void {
  if (!existsSync('/dev/net/tun')) {
    mkdirSync('/dev/net', { recursive: true })
    execFileSync('mknod', ['/dev/net/tun', 'c', '10', '200'])
  }
  if (!existsSync('/dev/fuse')) execFileSync('mknod', ['/dev/fuse', 'c', '10', '229'])
  chmodSync('/dev/net/tun', 0o666)
  chmodSync('/dev/fuse', 0o666)
}
