import { isatty } from 'node:tty'
import { LighterError } from '../../lib/core/errors.ts'
import type { Engine } from '../../lib/engine.ts'
import { type ListedImage, listImages } from '../../lib/image/list.ts'
import type { Context } from '../context.ts'
import { readFormat } from '../docker-config.ts'
import { parseFilters } from '../flags/filter.ts'
import { type ImageColumn, imageCells, imageHeads, rawImageFormat } from '../output/image-row.ts'
import { formatTable } from '../output/table.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `images`: one row per name. There are no intermediate images: `-a` shows the same. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  if (parsed.bool('tree')) return await showTree(context.engine, parsed)
  const quiet = parsed.bool('quiet')
  const format = parsed.string('format') || (quiet ? '' : readFormat(context, 'imagesFormat'))
  const images = await choose(context.engine, parsed)
  writeOut(await formatImages(format, parsed, images))
  return 0
}

/** What Docker's client does not draw as a tree yet, with its names for it. */
const NO_TREE = [
  ['quiet', '--quiet'],
  ['no-trunc', '--no-trunc'],
  ['digests', '--show-digest'],
] as const

async function showTree(engine: Engine, parsed: Parsed): Promise<number> {
  const odd = NO_TREE.find(([flag]) => parsed.bool(flag))?.[1]
  const wrong = odd ?? (parsed.string('format') ? '--format' : undefined)
  if (wrong) throw new LighterError('usage', `${wrong} is not yet supported with --tree`)
  const { listTree } = await import('../../lib/image/tree.ts')
  const { formatImageTree } = await import('../output/image-tree.ts')
  const width = isatty(1) ? (process.stdout.columns ?? 0) : undefined
  writeOut(formatImageTree(listTree(engine, await choose(engine, parsed)), width))
  return 0
}

async function formatImages(
  format: string,
  parsed: Parsed,
  images: ListedImage[],
): Promise<string> {
  const [quiet, digests] = [parsed.bool('quiet'), parsed.bool('digests')]
  const cells = imageCells(parsed.bool('no-trunc'), Date.now())
  if (format === '' || format === 'table') {
    if (quiet) return images.map((image) => `${cells.ID(image)}\n`).join('')
    const textOf = (name: ImageColumn) => (image: ListedImage) =>
      cells[name](image) || (name === 'CreatedSince' ? 'N/A' : '')
    const names: ImageColumn[] = ['Repository', 'Tag', 'ID', 'CreatedSince', 'Size']
    if (digests) names.splice(2, 0, 'Digest')
    const columns = names.map((name) => ({ head: imageHeads[name], text: textOf(name) }))
    return `${formatTable(columns, images).join('\n')}\n`
  }
  const { formatRows } = await import('../output/rows.ts')
  const kind = { type: 'formatter.imageContext', heads: imageHeads, cells }
  return formatRows(kind, format === 'raw' ? rawImageFormat(quiet, digests) : format, images)
}

async function choose(engine: Engine, parsed: Parsed): Promise<ListedImage[]> {
  const filters = parseFilters(parsed.list('filter'))
  const [pattern = ''] = parsed.operands
  if (pattern !== '') filters.set('reference', [...(filters.get('reference') ?? []), pattern])
  const images = listImages(engine)
  if (filters.size === 0) return images
  const { filterImages } = await import('../../lib/image/filter.ts')
  const { parseTimeFilter } = await import('../../lib/container/prune-filter.ts')
  const parseTime = (text: string) => Number(parseTimeFilter(text) / 1_000_000n)
  return filterImages(engine, images, filters, parseTime)
}
