/** Bytes of paths in one call of a program: a quarter of what Linux usually takes. */
const MOST_BYTES = 512 * 1024
/** Each argument has a pointer and a zero byte beside its text. */
const OVERHEAD = 9

/** Paths in parts that each fit on a command line. */
export function* splitPaths(paths: readonly string[]): Generator<readonly string[]> {
  let part: string[] = []
  let bytes = 0
  for (const path of paths) {
    const size = Buffer.byteLength(path) + OVERHEAD
    if (bytes + size > MOST_BYTES && part.length > 0) {
      yield part
      part = []
      bytes = 0
    }
    part.push(path)
    bytes += size
  }
  if (part.length > 0) yield part
}
