import { shortId } from '../../lib/core/ids.ts'
import { printable } from '../../lib/core/printable.ts'
import { formatSize, formatSpan } from '../../lib/core/units.ts'
import type { HistoryStep } from '../../lib/image/history.ts'
import { formatDateRfc3339 } from './date.ts'
import { cutText } from './ellipsis.ts'
import type { RowKind } from './rows.ts'

const MAX_CREATED_BY = 45

export interface HistoryStyle {
  /** Ids and commands are not cut. */
  whole: boolean
  /** Ages and rounded sizes, not dates and bytes. */
  human: boolean
  /** Milliseconds since 1970. */
  now: number
}

const heads = {
  ID: 'IMAGE',
  CreatedSince: 'CREATED',
  CreatedAt: 'CREATED AT',
  CreatedBy: 'CREATED BY',
  Size: 'SIZE',
  Comment: 'COMMENT',
} as const

/** The table that Docker prints where no format is given. */
export const historyTable = (human: boolean): string =>
  `table {{.ID}}\t{{.${human ? 'CreatedSince' : 'CreatedAt'}}}\t{{.CreatedBy}}\t{{.Size}}\t{{.Comment}}`

/** A step that made an image, by Docker's names for its cells. */
export function historyRows({ whole, human, now }: HistoryStyle): RowKind<HistoryStep> {
  const createdAt = ({ created }: HistoryStep): string => formatDateRfc3339(secondsOf(created))
  const cells: Record<keyof typeof heads, (step: HistoryStep) => string> = {
    ID: ({ id }) => (whole ? id : shortId(id)),
    CreatedSince: (step) => (human ? formatAge(secondsOf(step.created), now) : createdAt(step)),
    CreatedAt: createdAt,
    CreatedBy: ({ createdBy }) => {
      const text = withoutControls(createdBy.replaceAll('\t', ' '))
      return whole ? text : cutText(text, MAX_CREATED_BY)
    },
    Size: ({ size }) => (human ? formatSize(size) : String(size)),
    Comment: ({ comment }) => withoutControls(comment),
  }
  return { type: 'image.historyContext', heads, cells }
}

/** An image must not steer a terminal; its lines stay lines, as with Docker. */
const withoutControls = (text: string): string => text.split('\n').map(printable).join('\n')

/** A step that does not say its time has the beginning of Unix's. */
const secondsOf = (created: string): number => Math.floor((Date.parse(created) || 0) / 1000)

const formatAge = (seconds: number, now: number): string =>
  seconds <= 0 ? 'N/A' : `${formatSpan(now - seconds * 1000)} ago`
