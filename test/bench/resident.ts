import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

const EVERY_MS = 10

/** Kilobytes that the processes of a user have more, all together, while the work is done than before it, at most. */
export async function peakOf(uid: number, work: () => Promise<unknown>): Promise<number> {
  const before = residentOf(uid)
  let peak = 0
  let done = false
  const watching = (async () => {
    while (!done) {
      peak = Math.max(peak, residentOf(uid) - before)
      await sleep(EVERY_MS)
    }
  })()
  try {
    await work()
  } finally {
    done = true
    await watching
  }
  return peak
}

function residentOf(uid: number): number {
  let sum = 0
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const status = fileOf(pid, 'status')
    if (Number(/^Uid:\s+(\d+)/m.exec(status)?.[1] ?? -1) !== uid) continue
    // Not VmRSS: between fork and exec that of the parent would count twice.
    sum += Number(/^Pss:\s+(\d+)/m.exec(fileOf(pid, 'smaps_rollup'))?.[1] ?? 0)
  }
  return sum
}

/** Empty for a process that has ended meanwhile. */
function fileOf(pid: string, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return ''
  }
}
