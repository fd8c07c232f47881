import { LighterError } from './errors.ts'

/** The fields of one line of comma-separated values, quoted as in `"a,b",c`. Throws `usage` with Go's sentences. */
export function splitCsv(text: string): string[] {
  if (text === '') throw new LighterError('usage', 'EOF')
  const fields: string[] = []
  let at = 0
  for (;;) {
    const quoted = text[at] === '"'
    const match = quoted ? /"((?:[^"]|"")*)"(?=,|$)/y : /[^,]*/y
    match.lastIndex = at
    const found = match.exec(text)
    if (!found) throw badCsv(text.length + 1, 'extraneous or missing " in quoted-field')
    if (!quoted && found[0].includes('"')) {
      throw badCsv(at + found[0].indexOf('"') + 1, 'bare " in non-quoted-field')
    }
    fields.push(quoted ? (found[1] ?? '').replaceAll('""', '"') : found[0])
    at += found[0].length
    if (at >= text.length) return fields
    at++
  }
}

const badCsv = (column: number, reason: string): LighterError =>
  new LighterError('usage', `parse error on line 1, column ${column}: ${reason}`)
