import { readFileSync } from 'node:fs'
import { finish } from './world.ts'

/** What becomes of a command, and the most that it held in memory, in kB. */
export async function memoryOf(
  child: Parameters<typeof finish>[0],
): Promise<Awaited<ReturnType<typeof finish>> & { most: number }> {
  let most = 0
  const timer = setInterval(() => {
    try {
      const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
      most = Math.max(most, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0))
    } catch {
      // It has ended.
    }
  }, 5)
  const outcome = await finish(child)
  clearInterval(timer)
  return { ...outcome, most }
}
