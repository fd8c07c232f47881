/** Changes of single characters from which on two words are no longer taken for the same, as BuildKit has it. */
const TOO_FAR = 3

/** Words longer than this are nobody's slip, and would take long to compare. */
const MAX_LENGTH = 200

/** The word that was probably meant, for `did you mean`; `undefined` if there is none, or the word itself is among them. */
export function closest(word: string, known: Iterable<string>): string | undefined {
  if (word.length > MAX_LENGTH) return undefined
  let best: string | undefined
  let least = TOO_FAR
  for (const candidate of known) {
    if (candidate === word) return undefined
    const distance = changes(word, candidate)
    if (distance >= least) continue
    best = candidate
    least = distance
  }
  return best
}

/** A sentence with its `did you mean`, where there is something to say. */
export function withSuggestion(sentence: string, word: string, known: Iterable<string>): string {
  const meant = closest(word, known)
  return meant === undefined ? sentence : `${sentence} (did you mean ${meant}?)`
}

/** The least number of characters to put in, take away or change (Levenshtein). */
function changes(one: string, other: string): number {
  if (Math.abs(one.length - other.length) >= TOO_FAR) return TOO_FAR
  let row = Array.from({ length: other.length + 1 }, (_, index) => index)
  for (const [line, character] of [...one].entries()) {
    const next = [line + 1]
    for (const [column, opposite] of [...other].entries()) {
      const same = (row[column] ?? 0) + (character === opposite ? 0 : 1)
      next.push(Math.min(same, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}
