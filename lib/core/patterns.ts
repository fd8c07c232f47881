/**
 * A test of texts as Docker's filters make it: the text is one of the values, or one of them is a pattern that is found in it. A value
 * that is no pattern stands for itself only.
 */
export function patternTest(values: readonly string[]): (text: string) => boolean {
  const patterns = values.flatMap((value) => parsePattern(value) ?? [])
  return (text) => values.includes(text) || patterns.some((pattern) => pattern.test(text))
}

function parsePattern(text: string): RegExp | undefined {
  try {
    return new RegExp(text)
  } catch {
    return undefined
  }
}
