/** As Docker sets up its tables: at least ten cells wide, three between the columns. */
const MIN_WIDTH = 10
const GAP = 3

/**
 * Aligns cells that end with a tab, as Go's tabwriter: a column is made of the cells below each other in neighbouring lines, and
 * what follows the last tab of a line belongs to no column.
 */
export function alignColumns(text: string): string {
  const lines = text.split('\n').map((line) => line.split('\t'))
  const widths: number[][] = lines.map(() => [])
  alignBlock(lines, widths, 0, lines.length, 0)
  return lines
    .map((cells, line) =>
      cells
        .map((cell, column) => {
          const width = widths[line]?.[column]
          return width === undefined ? cell : cell + ' '.repeat(width - lengthOf(cell))
        })
        .join(''),
    )
    .join('\n')
}

/** Gives one column its widths, block by block, and then what is right of it. */
function alignBlock(
  lines: readonly string[][],
  widths: number[][],
  from: number,
  to: number,
  column: number,
): void {
  const hasCell = (line: number): boolean => column < (lines[line]?.length ?? 0) - 1
  for (let start = from; start < to; start++) {
    if (!hasCell(start)) continue
    let end = start
    let width = MIN_WIDTH
    while (end < to && hasCell(end)) {
      width = Math.max(width, lengthOf(lines[end]?.[column] ?? '') + GAP)
      end++
    }
    for (let line = start; line < end; line++) widths[line]?.push(width)
    alignBlock(lines, widths, start, end, column + 1)
    start = end - 1
  }
}

const lengthOf = (text: string): number => [...text].length
