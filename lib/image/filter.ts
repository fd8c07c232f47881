import { parseDangling } from '../core/dangling.ts'
import { LighterError } from '../core/errors.ts'
import { matchesLabels } from '../core/labels.ts'
import type { Engine } from '../engine.ts'
import { getImage } from './find.ts'
import { type ListedImage, NONE } from './list.ts'

/** Values by the name of the filter. */
export type ImageFilters = ReadonlyMap<string, readonly string[]>

type Test = (image: ListedImage) => boolean

/**
 * The rows that pass all filters of Docker's `images`. `parseTime` reads the value of `until` as milliseconds since 1970.
 * Throws `bad-input`, `no-such-image`, `bad-image-name`.
 */
export function filterImages(
  engine: Engine,
  rows: readonly ListedImage[],
  filters: ImageFilters,
  parseTime: (text: string) => number,
): ListedImage[] {
  const tests = [...filters].map(([name, values]) =>
    name === 'dangling' ? danglingTest(rows, values) : makeTest(engine, name, values, parseTime),
  )
  return rows.filter((row) => tests.every((test) => test(row)))
}

function makeTest(
  engine: Engine,
  name: string,
  values: readonly string[],
  parseTime: (text: string) => number,
): Test {
  const createdOf = (text: string): number => timeOf(getImage(engine, text).config.created)
  switch (name) {
    case 'label':
      return ({ labels }) => matchesLabels(values, labels)
    case 'reference':
      return referenceTest(values)
    case 'before':
      return timeTest(values.map(createdOf), (time, limits) => time < Math.min(...limits))
    case 'since':
      return timeTest(values.map(createdOf), (time, limits) => time > Math.max(...limits))
    case 'until':
      return timeTest(values.map(parseTime), (time, limits) => time < Math.min(...limits))
    default:
      throw new LighterError('bad-input', name ? `invalid filter '${name}'` : 'invalid filter')
  }
}

/** Images without any tag, or rows that have a name of some kind: an image that was pulled by its digest alone is both. */
function danglingTest(rows: readonly ListedImage[], values: readonly string[]): Test {
  if (!parseDangling(values)) return ({ repository }) => repository !== NONE
  const tagged = new Set(rows.filter(({ tag }) => tag !== NONE).map(({ id }) => id))
  return ({ id }) => !tagged.has(id)
}

/** By the name with its tag or its digest, or by the name alone; what has none matches nothing. */
function referenceTest(values: readonly string[]): Test {
  const patterns = values.map(globPattern)
  return ({ repository, tag, digest }) => {
    if (repository === NONE) return false
    const names = [
      repository,
      ...(tag === NONE ? [] : [`${repository}:${tag}`]),
      ...(digest === NONE ? [] : [`${repository}@${digest}`]),
    ]
    return patterns.some((pattern) => names.some((name) => pattern.test(name)))
  }
}

/** An image without a time sets no limit, and is on neither side of one. */
function timeTest(
  times: readonly number[],
  compare: (time: number, limits: readonly number[]) => boolean,
): Test {
  const limits = times.filter((time) => !Number.isNaN(time))
  if (limits.length === 0) return () => true
  return ({ created }) => {
    const time = Date.parse(created)
    return !Number.isNaN(time) && compare(time, limits)
  }
}

/** The zero of Go's time is none. */
const timeOf = (created: string): number =>
  created.startsWith('0001-01-01T00:00:00') ? Number.NaN : Date.parse(created)

const PATTERN_PART = /\[\^?(?:\\[\s\S]|[^\\\]^]|(?<!\[)\^)+\]|\\[\s\S]|[\s\S]/g

/** `*` and `?` do not match a slash; `[a-z]` is as in a shell; a backslash takes the next character as it is. */
function globPattern(text: string): RegExp {
  const source = text.replace(PATTERN_PART, (part) => {
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    if (part === '[' || part === '\\') throw badPattern()
    if (part.startsWith('[')) return part.replace(/(?!^)\[/g, '\\[')
    return (part.at(-1) ?? '').replace(/[\\^$.|+(){}[\]*?]/, '\\$&')
  })
  try {
    return new RegExp(`^${source}$`)
  } catch {
    throw badPattern()
  }
}

const badPattern = (): LighterError => new LighterError('bad-input', 'syntax error in pattern')
