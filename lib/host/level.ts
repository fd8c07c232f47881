import { readFileSync } from 'node:fs'

/** What a processor needs for each microarchitecture level of x86-64, in the words of /proc/cpuinfo. */
const LEVELS: readonly string[] = [
  'cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3',
  'abm avx avx2 bmi1 bmi2 f16c fma movbe xsave',
  'avx512bw avx512cd avx512dq avx512f avx512vl',
]

/** The variant of amd64 that a processor with these flags is: `v1` to `v4`. */
export function amd64Variant(flags: ReadonlySet<string>): string {
  const missed = LEVELS.findIndex((level) => !level.split(' ').every((flag) => flags.has(flag)))
  return `v${(missed < 0 ? LEVELS.length : missed) + 1}`
}

/** The flags of this machine's first processor. */
export function processorFlags(): Set<string> {
  const flags = /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1] ?? ''
  return new Set(flags.split(' ').filter(Boolean))
}
