import { CallError } from './call.ts'
import { define, type FunctionTable } from './define.ts'
import {
  compareText,
  isEqual,
  isList,
  isMap,
  sortedEntries,
  toNumber,
  toText,
  type Value,
  type ValueMap,
} from './value.ts'

type List = readonly Value[]

const distinct = (list: List): Value[] =>
  list.filter((item, at) => list.findIndex((other) => isEqual(item, other)) === at)

const has = (list: List, item: Value): boolean => list.some((other) => isEqual(other, item))

/** Members of sets go by their order. */
const sorted = (list: List): Value[] =>
  [...list].sort((a, b) =>
    typeof a === 'number' && typeof b === 'number'
      ? a - b
      : compareText(toText(a) ?? '', toText(b) ?? ''),
  )

const asSet = (list: List): Value[] => sorted(distinct(list))

const flatten = (list: List): Value[] =>
  list.flatMap((item) => (isList(item) ? flatten(item) : [item]))

function chunks(list: List, size: number): Value {
  if (size < 0) throw new CallError('the size argument must be positive')
  if (size === 0) return [list]
  return Array.from({ length: Math.ceil(list.length / size) }, (_, at) =>
    list.slice(at * size, (at + 1) * size),
  )
}

function element(list: List, at: number): Value {
  if (list.length === 0) throw new CallError('cannot use element function with an empty list')
  if (!Number.isInteger(at)) throw new CallError('invalid index: value must be a whole number')
  return list[((at % list.length) + list.length) % list.length] ?? null
}

function find(collection: Value, key: Value): Value | undefined {
  if (isList(collection)) {
    const at = toNumber(key)
    return at === undefined ? undefined : collection[at]
  }
  const name = toText(key)
  return isMap(collection) && name !== undefined ? collection.get(name) : undefined
}

function index(collection: Value, key: Value): Value {
  const found = find(collection, key)
  if (found !== undefined) return found
  throw new CallError('given key does not identify an element')
}

function indexOf(list: List, value: Value): number {
  if (list.length === 0) throw new CallError('cannot search an empty list')
  const at = list.findIndex((item) => isEqual(item, value))
  if (at < 0) throw new CallError('item not found')
  return at
}

function length(value: Value): number {
  if (isList(value)) return value.length
  if (isMap(value)) return value.size
  throw new CallError('collection must be a list, a map or a tuple')
}

function lookup(map: ValueMap, key: string, ...otherwise: Value[]): Value {
  const found = map.get(key) ?? otherwise[0]
  if (found !== undefined) return found
  throw new CallError(`the given object has no attribute ${JSON.stringify(key)}`)
}

function merge(...maps: (ValueMap | null)[]): Value {
  return new Map(maps.flatMap((map) => (map ? [...map] : [])))
}

function range(...numbers: number[]): Value {
  const [start = 0, end = 0] = numbers.length > 1 ? numbers : [0, numbers[0] ?? 0]
  const step = numbers[2] ?? (start <= end ? 1 : -1)
  if (numbers.length === 0 || numbers.length > 3)
    throw new CallError('must have one, two, or three arguments')
  if (step === 0) throw new CallError('step must not be zero')
  const count = Math.max(0, Math.ceil((end - start) / step))
  if (count > 1024)
    throw new CallError(
      'more than 1024 values were generated; either decrease the difference between start and end or use a smaller step',
    )
  return Array.from({ length: count }, (_, at) => start + at * step)
}

function product(...sets: List[]): Value {
  if (sets.length === 0) throw new CallError('at least one argument is required')
  return sets.reduce<Value[][]>(
    (rows, set) => rows.flatMap((row) => set.map((item) => [...row, item])),
    [[]],
  )
}

function slice(list: List, start: number, end: number): Value {
  if (start < 0 || end > list.length || start > end) {
    throw new CallError('start index and end index must be within the list, in this order')
  }
  return list.slice(start, end)
}

function zip(keys: List, values: List): Value {
  if (keys.length !== values.length) {
    throw new CallError(
      `number of keys (${keys.length}) does not match number of values (${values.length})`,
    )
  }
  return new Map(keys.map((key, at) => [toText(key) ?? '', values[at] ?? null]))
}

function coalesce(...values: Value[]): Value {
  const found = values.find((value) => value !== null)
  if (found !== undefined) return found
  throw new CallError('no non-null arguments')
}

function coalesceList(...lists: List[]): Value {
  const found = lists.find((list) => list.length > 0)
  if (found) return found
  throw new CallError('no non-empty lists')
}

const keysOf = (map: Value): Value =>
  isMap(map) ? sortedEntries(map).map(([key]) => key) : wrongMap()
const valuesOf = (map: Value): Value =>
  isMap(map) ? sortedEntries(map).map(([, value]) => value) : wrongMap()
const wrongMap = (): never => {
  throw new CallError('argument must be a map or an object')
}

/** Functions on lists, sets and maps. */
export const collectionFunctions: FunctionTable = {
  chunklist: define('list:list size:number', chunks),
  coalesce: define('...vals:any', coalesce),
  coalescelist: define('...vals:list', coalesceList),
  compact: define('list:list', (list: List) => list.filter((item) => item !== null && item !== '')),
  concat: define('...seqs:list', (...lists: List[]) => lists.flat()),
  contains: define('list:list value:any', has),
  distinct: define('list:list', distinct),
  element: define('list:list index:number', element),
  flatten: define('list:list', flatten),
  hasindex: define(
    'collection:any key:any',
    (collection: Value, key: Value) => find(collection, key) !== undefined,
  ),
  index: define('collection:any key:any', index),
  indexof: define('list:list value:any', indexOf),
  keys: define('inputMap:any', keysOf),
  length: define('collection:any', length),
  lookup: define('inputMap:map key:string ...default:any', lookup),
  merge: define('...maps:map?', merge),
  range: define('...params:number', range),
  reverselist: define('list:list', (list: List) => [...list].reverse()),
  sethaselement: define('set:list elem:any', has),
  setintersection: define('first_set:list ...other_sets:list', (first: List, ...others: List[]) =>
    asSet(first.filter((item) => others.every((other) => has(other, item)))),
  ),
  setproduct: define('...sets:list', product),
  setsubtract: define('a:list b:list', (a: List, b: List) =>
    asSet(a.filter((item) => !has(b, item))),
  ),
  setsymmetricdifference: define(
    'first_set:list ...other_sets:list',
    (first: List, ...others: List[]) =>
      asSet(
        others.reduce<List>(
          (a, b) => [...a.filter((item) => !has(b, item)), ...b.filter((item) => !has(a, item))],
          first,
        ),
      ),
  ),
  setunion: define('first_set:list ...other_sets:list', (...sets: List[]) => asSet(sets.flat())),
  slice: define('list:list start_index:number end_index:number', slice),
  sort: define('list:list', (list: List) =>
    [...list].sort((a, b) => compareText(toText(a) ?? '', toText(b) ?? '')),
  ),
  values: define('mapping:any', valuesOf),
  zipmap: define('keys:list values:list', zip),
}
