import { printable } from '../core/printable.ts'
import { parseJson } from '../fs/read.ts'

const MAX_WORDS = 300

/** `manifest unknown: manifest unknown`: the first error of a registry's answer in the words of Docker; `''` where there is none. */
export function errorIn(bytes: Buffer | undefined): string {
  const document = parseJson(bytes) as { errors?: unknown } | null | undefined
  const list = Array.isArray(document?.errors) ? document.errors : []
  const first = list[0] as { code?: unknown; message?: unknown } | null | undefined
  if (typeof first?.code !== 'string') return ''
  const code = printable(first.code).toLowerCase().replaceAll('_', ' ')
  const text = typeof first.message === 'string' ? `${code}: ${printable(first.message)}` : code
  // No novels.
  return text.slice(0, MAX_WORDS)
}

/** What Docker says of an error whose body is no JSON with errors in it, with the body: it may say what is wrong. */
export function parseFailure(bytes: Buffer | undefined): string {
  const text = (bytes ?? Buffer.alloc(0)).toString('utf8')
  const shown = JSON.stringify(printable(text.slice(0, MAX_WORDS)))
  const first = /^\s*(\d+\s*)?(\S)/.exec(text)
  if (parseJson(bytes) !== undefined)
    return `no error details found in HTTP response body: ${shown}`
  if (!first) return `unexpected end of JSON input: ${shown}`
  const where = first[1] ? 'after top-level value' : 'looking for beginning of value'
  return `invalid character '${printable(first[2] ?? '')}' ${where}: ${shown}`
}
