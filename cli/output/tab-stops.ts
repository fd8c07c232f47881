/** Of a terminal. */
const STOP = 8

/**
 * Columns that begin at tab stops, with tabs between them, as Go's tabwriter makes them of a padding of one. Lines without cells end a
 * block: the next one has widths of its own.
 */
export function alignTabs(rows: readonly (readonly string[])[]): string {
  const blocks: (readonly string[])[][] = [[]]
  for (const row of rows) {
    blocks.at(-1)?.push(row)
    if (row.length === 0) blocks.push([])
  }
  return blocks.map(alignBlock).join('')
}

function alignBlock(rows: readonly (readonly string[])[]): string {
  const columns = Math.max(0, ...rows.map((row) => row.length - 1))
  const widths = Array.from({ length: columns }, (_, column) => {
    const cells = rows.flatMap((row) => (column < row.length - 1 ? [row[column] ?? ''] : []))
    return Math.ceil((Math.max(0, ...cells.map((cell) => cell.length)) + 1) / STOP) * STOP
  })
  return rows
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === row.length - 1
          ? cell
          : cell + '\t'.repeat(Math.ceil(((widths[column] ?? 0) - cell.length) / STOP)),
      )
      return `${cells.join('')}\n`
    })
    .join('')
}
