import { type Digest, isDigest } from '../../../core/ids.ts'
import type { CacheEntry } from '../cache-entry.ts'
import { formatTime } from '../config.ts'

/*
 * The list of a cache as BuildKit has it (`application/vnd.buildkit.cacheconfig.v0`): layers, each on another one, and records of steps, which
 * name their inputs and the topmost layer of their result by their places in the lists. Keys of steps are each builder's own: only
 * what the same builder wrote is found again.
 */

export const CACHE_CONFIG = 'application/vnd.buildkit.cacheconfig.v0'
/** Of the lists in what others wrote. */
const MAX_ITEMS = 100_000
const MAX_CHAIN = 500

/** A layer, and the place of the one below; -1: it is the lowest. */
export interface CacheLayer {
  blob: Digest
  parent: number
}

export interface CacheRecord {
  digest: string
  /** For each input, the records that it may be. */
  inputs?: { link: number; selector?: string }[][]
  layers?: { layer: number; createdAt?: string }[]
  /** Results whose layers do not lie on each other in the list. */
  chains?: { layers: number[]; createdAt?: string }[]
}

export interface CacheDocument {
  layers: CacheLayer[]
  records: CacheRecord[]
}

/** What is written of entries: the document, and which layer is at each place. */
export interface WrittenCache {
  document: CacheDocument
  /** diffIDs of `document.layers`. */
  diffIds: Digest[]
}

/**
 * Writes entries, sorted, so that equal ones make equal documents. `blobOf`: of a layer; without one what stands on the layer has no
 * result in the document.
 */
export function writeCache(
  entries: readonly CacheEntry[],
  blobOf: (diffId: Digest) => Digest | undefined,
): WrittenCache {
  const sorted = byKey(entries)
  const places = new Map(sorted.map(({ key }, index) => [key, index]))
  const layers: CacheLayer[] = []
  const diffIds: Digest[] = []
  const known = new Map<string, number>()
  const place = (chain: readonly Digest[]): number | undefined => {
    let parent = -1
    for (let length = 1; length <= chain.length; length += 1) {
      const diffId = chain[length - 1]
      const blob = diffId && blobOf(diffId)
      if (!diffId || !blob) return undefined
      const name = chain.slice(0, length).join(' ')
      const found = known.get(name) ?? layers.push({ blob, parent }) - 1
      if (!known.has(name)) diffIds.push(diffId)
      known.set(name, found)
      parent = found
    }
    return parent < 0 ? undefined : parent
  }
  const records = sorted.map((entry) => writeRecord(entry, places, place(entry.layers)))
  return { document: { layers, records }, diffIds }
}

/** Each key once, sorted. */
function byKey(entries: readonly CacheEntry[]): CacheEntry[] {
  const unique = new Map(entries.map((entry) => [entry.key, entry]))
  return [...unique.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
}

function writeRecord(
  { key, parents, createdAt }: CacheEntry,
  places: ReadonlyMap<string, number>,
  layer: number | undefined,
): CacheRecord {
  const links = parents.flatMap((parent) => places.get(parent) ?? [])
  return {
    ...(layer === undefined ? {} : { layers: [{ layer, createdAt: formatTime(createdAt) }] }),
    digest: `sha256:${key}`,
    ...(links.length > 0 ? { inputs: links.map((link) => [{ link }]) } : {}),
  }
}

/**
 * What is kept in an image for later builds: records whose results are the image's own layers, by their number from the lowest.
 * `undefined`: there are none.
 */
export function writeInline(
  entries: readonly CacheEntry[],
  layers: readonly Digest[],
): string | undefined {
  const sorted = byKey(entries)
  const places = new Map(sorted.map(({ key }, index) => [key, index]))
  const isOwn = (chain: readonly Digest[]): boolean =>
    chain.length > 0 && chain.every((diffId, index) => diffId === layers[index])
  if (!sorted.some((entry) => isOwn(entry.layers))) return undefined
  const records = sorted.map((entry) =>
    writeRecord(entry, places, isOwn(entry.layers) ? entry.layers.length - 1 : undefined),
  )
  return Buffer.from(JSON.stringify(records)).toString('base64')
}

/** Places of the layers of a result, the lowest first, and when it was made. */
export interface ReadResult {
  layers: number[]
  createdAt: Date | undefined
}

/** Reads what anybody wrote: results by the key of their step. What makes no sense is left out. */
export function readCache(value: unknown): { blobs: string[]; results: Map<string, ReadResult> } {
  const { layers, records } = members(value)
  const list = items(layers).map(members)
  const blobs = list.map(({ blob }) => (typeof blob === 'string' && isDigest(blob) ? blob : ''))
  const parents = list.map(({ parent }) => (isPlace(parent, list.length) ? parent : -1))
  return { blobs, results: readRecords(records, (top) => chainOf(parents, top)) }
}

/** Reads what an image keeps for later builds; places are those of its layers, of which it has so many. */
export const readInline = (value: unknown, count: number): Map<string, ReadResult> =>
  readRecords(value, (top) =>
    top < count ? Array.from({ length: top + 1 }, (_, index) => index) : undefined,
  )

function readRecords(
  value: unknown,
  chain: (top: number) => number[] | undefined,
): Map<string, ReadResult> {
  const results = new Map<string, ReadResult>()
  for (const record of items(value).map(members)) {
    const { digest } = record
    if (typeof digest !== 'string' || !isDigest(digest)) continue
    const result = resultOf(record, chain)
    if (result) results.set(digest.slice('sha256:'.length), result)
  }
  return results
}

/** The newest result of a record. */
function resultOf(
  { layers, chains }: Json,
  chain: (top: number) => number[] | undefined,
): ReadResult | undefined {
  const found = [
    ...items(layers).map((item) => {
      const { layer, createdAt } = members(item)
      return { layers: typeof layer === 'number' ? chain(layer) : undefined, createdAt }
    }),
    ...items(chains).map((item) => {
      const { layers: places, createdAt } = members(item)
      const list = items(places)
      const isGood = list.every((place) => Number.isSafeInteger(place)) && list.length <= MAX_CHAIN
      return { layers: isGood ? (list as number[]) : undefined, createdAt }
    }),
  ].flatMap(({ layers: places, createdAt }) =>
    places && places.length > 0 ? [{ layers: places, createdAt: readTime(createdAt) }] : [],
  )
  const age = ({ createdAt }: ReadResult): number => createdAt?.getTime() ?? 0
  return found.sort((a, b) => age(b) - age(a))[0]
}

/** From the lowest up; `undefined` for a chain without an end. */
function chainOf(parents: readonly number[], top: number): number[] | undefined {
  const chain: number[] = []
  for (let at = top; at >= 0; at = parents[at] ?? -1) {
    if (at >= parents.length || chain.length >= MAX_CHAIN) return undefined
    chain.unshift(at)
  }
  return chain
}

function readTime(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : new Date(time)
}

type Json = Readonly<Record<string, unknown>>

const members = (value: unknown): Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}

const items = (value: unknown): unknown[] =>
  Array.isArray(value) && value.length <= MAX_ITEMS ? value : []

const isPlace = (value: unknown, count: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= -1 && Number(value) < count
