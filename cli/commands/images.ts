import { LighterError } from '../../lib/core/errors.ts'
import { shortId } from '../../lib/core/ids.ts'
import { type ListedImage, listImages } from '../../lib/image/list.ts'
import type { Context } from '../context.ts'
import { type Column, formatTable } from '../output/table.ts'
import { formatSize, formatSpan } from '../output/units.ts'
import type { Parsed } from '../parse.ts'

/** `images`: one row per name. There are no intermediate images: `-a` shows the same. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  if (parsed.list('filter').length > 0) {
    throw new LighterError('unsupported', "'images --filter' is not supported yet")
  }
  const images = listImages(context.engine, parsed.operands[0])
  const id = (image: ListedImage) => (parsed.bool('no-trunc') ? image.id : shortId(image.id))
  if (parsed.bool('quiet')) {
    for (const image of images) context.print(id(image))
    return 0
  }
  const columns: Column<ListedImage>[] = [
    { head: 'REPOSITORY', text: (image) => image.repository },
    { head: 'TAG', text: (image) => image.tag },
    ...(parsed.bool('digests')
      ? [{ head: 'DIGEST', text: (image: ListedImage) => image.digest }]
      : []),
    { head: 'IMAGE ID', text: id },
    { head: 'CREATED', text: (image) => formatAge(image.created) },
    { head: 'SIZE', text: (image) => formatSize(image.size) },
  ]
  for (const line of formatTable(columns, images)) context.print(line)
  return 0
}

function formatAge(created: string): string {
  const time = Date.parse(created)
  return Number.isNaN(time) || time <= 0 ? 'N/A' : `${formatSpan(Date.now() - time)} ago`
}
