import { badValue } from './checked.ts'

const NANO = 1_000_000_000n

/** A number of CPUs (`1.5`, `1/2`, `2e-1`) in billionths of one. Throws `usage`. */
export function parseCpus(text: string): number {
  const unreadable = badValue(`failed to parse ${text} as a rational number`)
  const fraction = /^([+-]?\d+)\/(\d+)$/.exec(text)
  if (fraction) return wholeNano(BigInt(fraction[1] ?? ''), BigInt(fraction[2] ?? ''), unreadable)
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d{1,3}))?$/i.exec(text)
  const [, sign, whole = '', decimals = '', exponent = '0'] = match ?? []
  if (!match || whole + decimals === '') throw unreadable
  const digits = BigInt(whole + decimals) * (sign === '-' ? -1n : 1n)
  const power = Number(exponent) - decimals.length
  return power < 0
    ? wholeNano(digits, 10n ** BigInt(-power), unreadable)
    : wholeNano(digits * 10n ** BigInt(power), 1n, unreadable)
}

function wholeNano(numerator: bigint, denominator: bigint, unreadable: Error): number {
  if (denominator === 0n) throw unreadable
  if ((numerator * NANO) % denominator !== 0n) throw badValue('value is too precise')
  return Number((numerator * NANO) / denominator)
}
