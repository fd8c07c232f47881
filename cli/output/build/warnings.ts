import type { VertexWarning } from '../../../lib/build/progress.ts'
import { printable } from '../../../lib/core/printable.ts'
import type { DisplayMode, Out } from './build-display.ts'
import { createPainter } from './colours.ts'

/** The rules that the Dockerfile breaks, after the progress; with `debug` all that is known of each. */
export async function showWarnings(
  out: Out,
  mode: DisplayMode,
  warnings: readonly VertexWarning[],
  debug: boolean,
): Promise<void> {
  if (warnings.length === 0 || mode === 'quiet' || mode === 'rawjson') return
  const count = warnings.length === 1 ? '1 warning' : `${warnings.length} warnings`
  const title = `${count} found${debug ? '' : ' (use docker --debug to expand)'}:\n`
  const paint = createPainter(process.env)
  out.write(`\n ${out.isTTY ? paint(title, 'warning') : title}`)
  for (const warning of warnings) {
    out.write(` - ${printable(warning.short)}\n`)
    if (debug) out.write(`${await describeDetails(warning)}\n`)
  }
}

async function describeDetails({ detail, url, file, lines, start, end }: VertexWarning) {
  const { excerpt } = await import('../../../lib/dockerfile/excerpt.ts')
  const shown = lines ? excerpt(lines, file, { start, end }) : ''
  return [
    ...(detail === '' ? [] : [printable(detail)]),
    ...(url === '' ? [] : [`More info: ${printable(url)}`]),
    ...(shown === '' ? [] : [shown]),
  ]
    .map((line) => `${line}\n`)
    .join('')
}
