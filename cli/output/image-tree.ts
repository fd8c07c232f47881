import { shortId } from '../../lib/core/ids.ts'
import { formatSize } from '../../lib/core/units.ts'
import type { TreeImage } from '../../lib/image/tree.ts'

const WARNING =
  "WARNING: This is an experimental feature. The output may change and shouldn't be depended on."
const GAP = '   '
/** Columns that would leave the names less are left out. */
const LEAST = 12

/** ANSI codes, as Docker's client paints on a terminal. */
const PAINT = { warning: '93', head: '39;1', name: '34;1', untagged: '2', used: '32' } as const

interface Row {
  id: string
  content: number
  disk: number
  isUsed: boolean
}

interface Column {
  head: string
  width: number
  align: 'left' | 'right' | 'centre'
  text: (row: Row) => string
  paint?: keyof typeof PAINT
}

const COLUMNS: readonly Column[] = [
  { head: 'ID', width: 12, align: 'left', text: ({ id }) => shortId(id) },
  { head: 'DISK USAGE', width: 10, align: 'right', text: ({ disk }) => formatSize(disk) },
  { head: 'CONTENT SIZE', width: 12, align: 'right', text: ({ content }) => formatSize(content) },
  {
    head: 'IN USE',
    width: 6,
    align: 'centre',
    text: ({ isUsed }) => (isUsed ? '✔' : ' '),
    paint: 'used',
  },
]

/** `images --tree`: each image with its tags, and its platform below them. `width` of the terminal, undefined where there is none. */
export function formatImageTree(
  images: readonly TreeImage[],
  terminal: number | undefined,
): string {
  const paint = (kind: keyof typeof PAINT | undefined, text: string): string =>
    terminal === undefined || !kind ? text : `\u001b[${PAINT[kind]}m${text}\u001b[0m`
  const { columns, width } = layOut(images, Math.max(terminal || 80, 20))
  const cell = (text: string, size: number, align: Column['align'], kind?: keyof typeof PAINT) =>
    place(text, size, align, (shown) => paint(kind, shown))
  const details = (row: Row): string =>
    columns
      .map((column) => GAP + cell(column.text(row), column.width, column.align, column.paint))
      .join('')
  const heads = [
    cell('IMAGE', width, 'left', 'head'),
    ...columns.map(({ head, width: size, align }) => cell(head, size, align, 'head')),
  ]
  const blocks = images.map((image) => {
    const names = image.names.map((name) => cell(name, width, 'left', 'name'))
    if (names.length === 0) names.push(cell('<untagged>', width, 'left', 'untagged'))
    const child = cell(`└─ ${image.platform}`, width, 'left')
    return `${names.join('\n')}${details(image)}\n${child}${details(image)}\n\n`
  })
  return `${paint('warning', WARNING)}\n\n${heads.join(GAP)}\n${blocks.join('')}`
}

/** As many columns as leave room for the names, which get no more than they need. */
function layOut(
  images: readonly TreeImage[],
  terminal: number,
): { columns: readonly Column[]; width: number } {
  let left = terminal
  const columns: Column[] = []
  for (const column of COLUMNS) {
    const taken = column.width + GAP.length
    if (left - taken < LEAST) break
    left -= taken
    columns.push(column)
  }
  const texts = images.flatMap(({ names, platform }) => [...names, `└─ ${platform}`])
  return { columns, width: Math.min(left, Math.max('IMAGE'.length, ...texts.map(sizeOf))) }
}

const sizeOf = (text: string): number => [...text].length

/** What is too long ends in dots. The blanks are not painted. */
function place(
  text: string,
  width: number,
  align: Column['align'],
  paint: (text: string) => string,
): string {
  const room = width - sizeOf(text)
  if (room < 0) return paint(`${[...text].slice(0, width - 3).join('')}...`)
  const before = align === 'left' ? 0 : align === 'right' ? room : Math.floor(room / 2)
  return `${' '.repeat(before)}${paint(text)}${' '.repeat(room - before)}`
}
