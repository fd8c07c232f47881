export interface Column<Row> {
  head: string
  text: (row: Row) => string
}

/** At least ten cells wide, three between the columns, none after the last: as Docker prints its tables. */
const MIN_WIDTH = 10
const GAP = 3

/** Lines of a table with a head; widths follow the longest cell. */
export const formatTable = <Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] =>
  alignCells([
    columns.map((column) => column.head),
    ...rows.map((row) => columns.map((column) => column.text(row))),
  ])

/** Lines whose cells begin in the same columns. */
export function alignCells(cells: readonly (readonly string[])[], minWidth = MIN_WIDTH): string[] {
  const widths = (cells[0] ?? []).map((_, index) =>
    Math.max(minWidth, ...cells.map((line) => width(line[index] ?? '') + GAP)),
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
const width = (text: string): number =>
  /[\ud800-\udfff]/.test(text) ? [...text].length : text.length
