import { outlineDocument, targetsDocument, withSources } from '../../../lib/build/call-document.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'
import type { Outline, OutlineMount, Target } from '../../../lib/build/outline.ts'
import type { AskedDockerfile } from '../../../lib/build/read-dockerfile.ts'
import { printable } from '../../../lib/core/printable.ts'
import type { Dockerfile } from '../../../lib/dockerfile/ast.ts'
import type { LintReport } from '../../../lib/dockerfile/lint.ts'
import type { Call } from '../../flags/build/call.ts'
import { alignCells } from '../table.ts'

export interface Answer {
  text: string
  exitCode: number
}

/** Answers what is asked about a Dockerfile, as text or as a document. */
export async function answerCall(
  { dockerfile, report }: AskedDockerfile,
  options: BuildOptions,
  call: Call,
): Promise<Answer> {
  if (report) return await answerCheck(dockerfile, report, call)
  const { outlineOf, targetsOf } = await import('../../../lib/build/outline.ts')
  if (call.method === 'targets') {
    const targets = targetsOf(dockerfile)
    const text = call.isJson
      ? documentText(targetsDocument(targets), dockerfile)
      : describeTargets(targets)
    return { text, exitCode: 0 }
  }
  const outline = outlineOf(dockerfile, options)
  const text = call.isJson
    ? documentText(outlineDocument(outline), dockerfile)
    : describeOutline(outline)
  return { text, exitCode: 0 }
}

/** Rules that are broken make it fail, unless the call says that they do not. */
async function answerCheck(
  { name, lines }: Dockerfile,
  report: LintReport,
  { isJson, ignoreStatus }: Call,
): Promise<Answer> {
  const { lintDocument, lintText } = await import('../../../lib/dockerfile/lint/print.ts')
  const whole = Buffer.from(lines.join('\n'))
  const text = isJson
    ? `${JSON.stringify(lintDocument(report, name, whole), null, 2)}\n`
    : lintText(report, lines)
  return { text, exitCode: report.warnings.length > 0 && !ignoreStatus ? 1 : 0 }
}

const documentText = (document: object, dockerfile: Dockerfile): string =>
  `${JSON.stringify(withSources(document, dockerfile), null, 2)}\n`

export function describeTargets(targets: readonly Target[]): string {
  const rows = targets.map(({ name, isDefault, description }) => [
    printable([name, isDefault ? '(default)' : ''].filter(Boolean).join(' ')),
    printable(description),
  ])
  return table(['TARGET', 'DESCRIPTION'], rows)
}

export function describeOutline(outline: Outline): string {
  const { name, description, args, secrets, ssh, caches } = outline
  const head = [
    `TARGET:      ${printable(name || '(default)')}`,
    ...(description === '' ? [] : [`DESCRIPTION: ${printable(description)}`]),
  ]
  const blocks = [
    name === '' && description === '' ? '' : `${head.join('\n')}\n`,
    block(
      ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
      args.map((arg) => [arg.name, arg.value, arg.description].map(printable)),
    ),
    block(['SECRET', 'REQUIRED'], mountRows(secrets)),
    block(['SSH', 'REQUIRED'], mountRows(ssh)),
    block(
      ['CACHE MOUNT'],
      caches.map((cache) => [printable(cache.name)]),
    ),
  ]
  return blocks
    .filter((text) => text !== '')
    .map((text) => `${text}\n`)
    .join('')
}

const mountRows = (mounts: readonly OutlineMount[]): string[][] =>
  mounts.map(({ name, isRequired }) => [printable(name), isRequired ? 'true' : ''])

const block = (head: string[], rows: string[][]): string =>
  rows.length === 0 ? '' : table(head, rows)

const table = (head: string[], rows: string[][]): string =>
  `${alignCells([head, ...rows], 0)
    .map((line) => line.trimEnd())
    .join('\n')}\n`
