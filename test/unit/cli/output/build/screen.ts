/** What a terminal of that width shows after a text, without colours; enough for what our display writes. */
export function screenOf(text: string, columns: number): string[] {
  const rows: string[] = ['']
  let [row, column] = [0, 0]
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  for (const [token, count, command] of text.matchAll(/\x1b\[\??([0-9;]*)([A-Za-z])|[\s\S]/g)) {
    const line = rows[row] ?? ''
    if (command === 'A') row = Math.max(0, row - Number(count || 1))
    else if (command === 'K') rows[row] = line.slice(0, column)
    else if (command === 'J') {
      rows[row] = line.slice(0, column)
      rows.length = row + 1
    } else if (command) continue
    else if (token === '\r') column = 0
    else if (token === '\n') {
      row += 1
      column = 0
      rows[row] ??= ''
    } else if (column < columns) {
      rows[row] = line.slice(0, column).padEnd(column) + token + line.slice(column + 1)
      column += 1
    }
  }
  return rows
}
