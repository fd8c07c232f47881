import { readFileSync } from 'node:fs'

let known: string | undefined

/** The kernel's id of this boot: what was recorded under another one did not live through a restart (random(4)). */
export function bootId(): string {
  known ??= readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  return known
}
