export interface Column<Row> {
  head: string
  text: (row: Row) => string
}

/** At least ten cells wide, three between the columns, none after the last: as Docker prints its tables. */
const MIN_WIDTH = 10
const GAP = 3

/** Lines of a table with a head; widths follow the longest cell. */
export function formatTable<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = [
    columns.map((column) => column.head),
    ...rows.map((row) => columns.map((column) => column.text(row))),
  ]
  const widths = columns.map((_, index) =>
    Math.max(MIN_WIDTH, ...cells.map((line) => width(line[index] ?? '') + GAP)),
  )
  return cells.map((line) =>
    line
      .map((cell, index) =>
        index === line.length - 1 ? cell : cell + ' '.repeat((widths[index] ?? 0) - width(cell)),
      )
      .join(''),
  )
}

/** Code points, as Go's tabwriter counts them. */
const width = (text: string): number => [...text].length
