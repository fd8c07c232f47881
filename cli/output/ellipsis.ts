/** What takes two columns of a terminal: the letters of East Asia and most pictures. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{18aff}\u{1b000}-\u{1b2ff}\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** A text of at most so many columns; one that is cut ends with `…`. */
export function cutText(text: string, most: number): string {
  const characters = [...text]
  if (sumOf(characters) <= most) return text
  let width = 0
  let count = 0
  for (const character of characters) {
    width += widthOf(character)
    if (width > most - 1) break
    count += 1
  }
  return `${characters.slice(0, count).join('')}…`
}

const sumOf = (characters: readonly string[]): number =>
  characters.reduce((sum, character) => sum + widthOf(character), 0)

const widthOf = (character: string): number =>
  character > '\u10ff' && WIDE.test(character) ? 2 : 1
