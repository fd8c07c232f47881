import { LighterError } from '../core/errors.ts'
import { lazyOs } from '../core/lazy.ts'

const RTMIN = 34
const RTMAX = 64

/** The number of a signal: `9`, `KILL`, `SIGKILL`, `RTMIN+3`. Throws `bad-input`. */
export function signalNumber(text: string): number {
  if (/^\d+$/.test(text)) {
    const number = Number(text)
    if (number >= 1 && number <= RTMAX) return number
    if (number > 0)
      throw new LighterError('bad-input', `the linux daemon does not support signal ${text}`)
  }
  const name = text.toUpperCase().replace(/^SIG/, '')
  const known = (lazyOs().constants.signals as Readonly<Record<string, number>>)[`SIG${name}`]
  if (known !== undefined) return known
  const [, base, sign, offset] = /^(RTMIN|RTMAX)(?:([+-])(\d+))?$/.exec(name) ?? []
  if (base) {
    const number =
      (base === 'RTMIN' ? RTMIN : RTMAX) + Number(offset ?? 0) * (sign === '-' ? -1 : 1)
    if (number >= RTMIN && number <= RTMAX) return number
  }
  throw new LighterError('bad-input', `invalid signal: ${text}`)
}
