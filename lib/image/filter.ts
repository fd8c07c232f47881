import { parseDangling } from '../core/dangling.ts'
import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { getImage } from './find.ts'
import type { ListedImage } from './list.ts'

/** Values by the name of the filter. */
export type ImageFilters = ReadonlyMap<string, readonly string[]>

type Test = (image: ListedImage) => boolean

/**
 * The rows that pass all filters of Docker's `images`. `parseTime` reads the value of `until` as milliseconds since 1970.
 * Throws `bad-input`, `no-such-image`.
 */
export function filterImages(
  engine: Engine,
  rows: readonly ListedImage[],
  filters: ImageFilters,
  parseTime: (text: string) => number,
): ListedImage[] {
  const tests = [...filters].map(([name, values]) => makeTest(engine, name, values, parseTime))
  return rows.filter((row) => tests.every((test) => test(row)))
}

function makeTest(
  engine: Engine,
  name: string,
  values: readonly string[],
  parseTime: (text: string) => number,
): Test {
  const created = (text: string): number => Date.parse(getImage(engine, text).config.created)
  switch (name) {
    case 'dangling':
      return danglingTest(values)
    case 'label':
      return ({ labels }) => values.every((value) => hasLabel(labels, value))
    case 'reference': {
      const patterns = values.map(globPattern)
      return ({ repository, tag }) =>
        patterns.some((pattern) => pattern.test(`${repository}:${tag}`) || pattern.test(repository))
    }
    case 'before': {
      const limit = Math.min(...values.map(created))
      return (image) => Date.parse(image.created) < limit
    }
    case 'since': {
      const limit = Math.max(...values.map(created))
      return (image) => Date.parse(image.created) > limit
    }
    case 'until': {
      const limit = Math.min(...values.map(parseTime))
      return (image) => Date.parse(image.created) < limit
    }
    default:
      throw new LighterError('bad-input', `invalid filter '${name}'`)
  }
}

/** Without a tag: what another image took the name from. */
function danglingTest(values: readonly string[]): Test {
  const wanted = parseDangling(values)
  return ({ tag }) => (tag === '<none>') === wanted
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=')
  const key = equals < 0 ? wanted : wanted.slice(0, equals)
  if (!Object.hasOwn(labels, key)) return false
  return equals < 0 || labels[key] === wanted.slice(equals + 1)
}

/** `*` and `?` do not match a slash; `[a-z]` is as in a shell. */
function globPattern(text: string): RegExp {
  const source = text.replace(/\[[^\]]*\]|[\s\S]/g, (part) => {
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part.length > 1
      ? part.replaceAll('\\', '\\\\')
      : part.replace(/[\\^$.|+(){}[\]]/g, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`)
  } catch {
    throw new LighterError('bad-input', 'syntax error in pattern')
  }
}
