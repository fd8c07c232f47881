import type { NumberConstant } from './nodes.ts'
import { unquote } from './quote.ts'

const MAX_INT = 2n ** 63n - 1n
const MAX_UINT = 2n ** 64n - 1n

const INTEGER = /^[+-]?(?:0[xX][0-9a-fA-F]+|0[oO]?[0-7]+|0[bB][01]+|0|[1-9][0-9]*)$/
const FLOAT =
  /^[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|0[xX][0-9a-fA-F]*\.?[0-9a-fA-F]*[pP][+-]?\d+)$/

/** A number or character constant; a string is what is wrong with it. */
export function parseNumber(text: string): NumberConstant | string {
  if (text.startsWith("'")) {
    const character = unquote(text)
    if (character === undefined) return `malformed character constant: ${text}`
    const code = character.codePointAt(0) ?? 0
    return { int: BigInt(code), float: code, isFloat: false }
  }
  if (!/(?:^|[^0-9a-fA-FxXoObB])_|__|_$/.test(text)) {
    const plain = text.replaceAll('_', '')
    const int = INTEGER.test(plain) ? parseInteger(plain) : undefined
    if (int !== undefined && int >= -MAX_INT - 1n && int <= MAX_UINT) {
      return { int: int > MAX_INT ? undefined : int, float: Number(int), isFloat: false }
    }
    if (int !== undefined) return `integer overflow: ${JSON.stringify(text)}`
    if (FLOAT.test(plain)) {
      // Digits alone that are no integer: too long, or octal with an 8 in it.
      if (!/[.eEpP]/.test(plain)) return `integer overflow: ${JSON.stringify(text)}`
      return floatConstant(parseFloatText(plain))
    }
  }
  return `illegal number syntax: ${JSON.stringify(text)}`
}

function floatConstant(float: number): NumberConstant {
  const whole = Number.isInteger(float) && Math.abs(float) < 2 ** 63
  return { int: whole ? BigInt(float) : undefined, float, isFloat: true }
}

function parseInteger(text: string): bigint {
  const digits = text.replace(/^[+-]/, '')
  const octal = /^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits
  return BigInt(octal) * (text.startsWith('-') ? -1n : 1n)
}

function parseFloatText(text: string): number {
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]*)\.?([0-9a-fA-F]*)[pP]([+-]?\d+)$/.exec(text)
  if (!hex) return Number(text)
  const [, sign, whole = '', fraction = '', exponent] = hex
  const mantissa = Number.parseInt(`${whole}${fraction}`, 16)
  return (sign === '-' ? -1 : 1) * mantissa * 2 ** (Number(exponent) - 4 * fraction.length)
}
