import { shortId } from '../../lib/core/ids.ts'
import { formatSize, formatSpan } from '../../lib/core/units.ts'
import type { ListedImage } from '../../lib/image/list.ts'
import { formatDate } from './date.ts'

export const imageHeads = {
  ID: 'IMAGE ID',
  Repository: 'REPOSITORY',
  Tag: 'TAG',
  Digest: 'DIGEST',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  Size: 'SIZE',
  Containers: 'CONTAINERS',
  VirtualSize: 'SIZE',
  SharedSize: 'SHARED SIZE',
  UniqueSize: 'UNIQUE SIZE',
} as const

export type ImageColumn = keyof typeof imageHeads

/** The cells of an image, by Docker's names for them. `whole`: ids are not cut; `now`: milliseconds since 1970. */
export function imageCells(
  whole: boolean,
  now: number,
): Record<ImageColumn, (row: ListedImage) => string> {
  // Counted by `system df` only, in Docker too.
  const unknown = () => 'N/A'
  return {
    ID: ({ id }) => (whole ? id : shortId(id)),
    Repository: ({ repository }) => repository,
    Tag: ({ tag }) => tag,
    Digest: ({ digest }) => digest,
    CreatedSince: ({ created }) => formatAge(created, now),
    CreatedAt: ({ created }) => formatDate(timeOf(created)),
    Size: ({ size }) => formatSize(size),
    Containers: unknown,
    VirtualSize: ({ size }) => formatSize(size, 4),
    SharedSize: unknown,
    UniqueSize: unknown,
  }
}

/** `--format raw`: a block of lines for each. */
export function rawImageFormat(quiet: boolean, digests: boolean): string {
  if (quiet) return 'image_id: {{.ID}}'
  const lines = [
    'repository: {{.Repository}}',
    'tag: {{.Tag}}',
    ...(digests ? ['digest: {{.Digest}}'] : []),
    'image_id: {{.ID}}',
    'created_at: {{.CreatedAt}}',
    'virtual_size: {{.Size}}',
  ]
  return `${lines.join('\n')}\n`
}

const EPOCH = '1970-01-01T00:00:00Z'

/** An image that says nothing of its time is as old as Unix. */
const timeOf = (created: string): string => (Number.isNaN(Date.parse(created)) ? EPOCH : created)

/** The zero of Go's time is no age. */
function formatAge(created: string, now: number): string {
  const time = timeOf(created)
  return time.startsWith('0001-01-01') ? '' : `${formatSpan(now - Date.parse(time))} ago`
}
