/** Takes out of a message what differs from run to run, from engine to engine, and from one version of Go to the next. */
export const normaliseMessage = (text: string): string =>
  RULES.reduce((result, [pattern, by]) => result.replace(pattern, by), text.trim()).replace(
    /=\[([\w ]+)\]/g,
    // Go tells the members of a map in any order.
    (_, words: string) => `=[${words.split(' ').sort().join(' ')}]`,
  )

const RULES: [RegExp, string][] = [
  // Where a member is in Go's structures: since Go 1.24 with the names of embedded ones. Packages of types.
  [/Go struct field (?:\w+\.)+(\w+) of type/g, 'Go struct field $1 of type'],
  [/(of type (?:\*|\[\d*\]|map\[\w+\])*)\w+\.(?=\w)/g, '$1'],
  [/(of type (?:\*|\[\d*\]|map\[\w+\])*)\*/g, '$1'],
  [/to [\d.]+, as there are only \d+ CPUs/g, 'to <count>, as there are only <count> CPUs'],
  [/(?<=Maximum supported API version is )[\d.]+/g, '<version>'],
  [/(?<=with provided prefix: )[0-9a-f]$/g, '<digit>'],
  [/\b[0-9a-f]{64}\b/g, '<id>'],
  [/\b[0-9a-f]{12}\b/g, '<short id>'],
  [/\b1[6-9]\d{17}\b/g, '<nanoseconds>'],
  [/\b1[6-9]\d{8}\b/g, '<seconds>'],
  [/\/\S*\/\.local\/share\/lighter\b[^\s"',:]*|\/var\/lib\/docker\b[^\s"',:]*/g, '<data>'],
]

/** Whether a warning is about the kernel of the host, and not about what was asked. */
export const isOfHost = (warning: string): boolean =>
  /discarded|kernel does not support/.test(warning)
