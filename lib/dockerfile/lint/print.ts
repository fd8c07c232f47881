import { printable } from '../../core/printable.ts'
import { excerpt } from '../excerpt.ts'
import type { LintReport } from '../lint.ts'
import type { LintWarning } from './findings.ts'

/** What `docker build --check` prints: each warning with its lines. Ends with a line feed. */
export function lintText({ warnings }: LintReport, lines: readonly string[]): string {
  if (warnings.length === 0) return 'Check complete, no warnings found.\n'
  const count = warnings.length === 1 ? '1 warning has' : `${warnings.length} warnings have`
  const parts = byLine(warnings).map(({ rule, url, message, file, start, end }) => {
    const shown = excerpt(lines, file, { start, end })
    return `\nWARNING: ${rule} - ${url}\n${printable(message)}\n${shown}\n`
  })
  return `Check complete, ${count} been found!\n${parts.join('')}`
}

/** The same as `--call=check,format=json` has it; `text`: of the Dockerfile. */
export function lintDocument(
  { warnings, error }: LintReport,
  name: string,
  text: Buffer,
): Record<string, unknown> {
  const found = byLine(warnings).map(({ rule, detail, url, message, start, end }) => ({
    ruleName: rule,
    description: detail,
    url,
    detail: message,
    location: { sourceIndex: 0, ranges: rangesOf(start, end) },
  }))
  const sources = [{ filename: name, language: 'Dockerfile', data: text.toString('base64') }]
  return {
    ...(found.length === 0 ? {} : { warnings: found }),
    sources,
    ...(error === undefined ? {} : { buildError: { message: error } }),
  }
}

/** One range for each line. */
const rangesOf = (start: number, end: number): unknown[] =>
  Array.from({ length: end - start + 1 }, (_, index) => ({
    start: { line: start + index, character: 0 },
    end: { line: start + index, character: 0 },
  }))

const byLine = (warnings: readonly LintWarning[]): LintWarning[] =>
  warnings.toSorted((one, other) => one.start - other.start)
