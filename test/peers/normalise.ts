/**
 * Takes out of a text what differs from run to run and from engine to engine: ids, digests, times, ages, sizes,
 * addresses, shares, paths of the engine's data and of temporary directories. Widths of columns follow from those, so
 * runs of blanks inside a line become three.
 */
export function normalise(text: string): string {
  return RULES.reduce(
    (result, [pattern, replacement]) => result.replace(pattern, replacement),
    text,
  )
}

/** As lines; a text that does not end with a newline ends with a line that says so. */
export function normaliseLines(text: string): string[] {
  if (text === '') return []
  const lines = normalise(text.replaceAll('\r\n', '\\r\n')).split('\n')
  if (lines.at(-1) === '') lines.pop()
  else lines.push(NO_NEWLINE)
  return lines
}

const NO_NEWLINE = '\\ no newline at the end'

const AGE = String.raw`(?:Less than a second|About an? (?:minute|hour)|\d+ (?:second|minute|hour|day|week|month|year)s?)`

/** In this order: what has a shape of its own first, single numbers last. */
const RULES: [RegExp, string][] = [
  // What follows "See 'docker COMMAND --help'." is help, which lighter says in its own words.
  [/\n\nUsage: [\s\S]*?\n\n[^\n]+(?=\n|$)/g, ''],
  [/\/tmp\/tmp\.\w+/g, '<dir>'],
  [
    /\/(?:\S*\/\.local\/share\/lighter|var\/lib\/docker|\S*\/containers\/storage)\b[^\s"',:]*/g,
    '<data>',
  ],
  [/\/\S*\/lighter-test-\w+\/[\w-]+(?=\/|\b)/g, '<home>'],
  [/\/home\/dev\b|\/root(?=\/\.docker)/g, '<home>'],
  [/\bpodman\b/g, 'docker'],
  [/\bsha256:[0-9a-f]{64}\b/g, 'sha256:<digest>'],
  [/\b[0-9a-f]{64}\b/g, '<id>'],
  [/\b[0-9a-f]{12}\b/g, '<short id>'],
  [
    /\b(?!0001)\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)(?: [A-Z]{3,4})?/g,
    '<time>',
  ],
  [/\b1[6-9]\d{17}\b/g, '<nanoseconds>'],
  [/\b1[6-9]\d{8}\b/g, '<seconds>'],
  [new RegExp(`${AGE} ago`, 'g'), '<age> ago'],
  [new RegExp(`Up ${AGE}`, 'g'), 'Up <age>'],
  [/\b(?:[0-9a-f]{2}:){5}[0-9a-f]{2}\b/g, '<mac>'],
  [/\b(?!127\.|0\.0\.0\.0)(?:\d{1,3}\.){3}\d{1,3}\b/g, '<address>'],
  [/\b\d+(?:\.\d+)? ?(?:[kKMGT]i?)?B\b/g, '<size>'],
  [/\b\d+\.\d+%/g, '<share>'],
  [/(?<=\S) {2,}/g, '   '],
]
