import { rmSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { type Digest, isDigest } from '../core/ids.ts'
import { listNames } from '../fs/drafts.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import { makeDirectory, replaceFile } from '../fs/replace.ts'

/** What a step of a build made: found again by its key, which tells all that the step depends on. */
export interface StepRecord {
  /** 64 hex digits. */
  key: string
  /** Keys of the steps that it stands on. */
  parents: readonly string[]
  /** The layer that it added. */
  diffId: Digest
  createdAt: string
  /** As progress calls it. */
  description: string
  /** Bytes of the layer's files. */
  size: number
}

/** An image that a build began with and that has no name of its own here: what it needs of the store. */
export interface SourceRecord {
  /** 64 hex digits. */
  key: string
  reference: string
  blobs: readonly Digest[]
  layers: readonly Digest[]
  createdAt: string
  size: number
}

const MAX_RECORD = 1024 * 1024
const KEY = /^[0-9a-f]{64}$/

const stepsFolder = (data: string): string => join(data, 'cache/steps')
const sourcesFolder = (data: string): string => join(data, 'cache/images')
const recordFile = (folder: string, key: string): string => join(folder, `${key}.json`)

/** The record of a step; `undefined` for what is none: a power cut may tear records, and then the step is done again. */
export const readStep = (data: string, key: string): StepRecord | undefined =>
  parseStep(key, readSmallFile(recordFile(stepsFolder(data), key), MAX_RECORD))

/** Remembers what a step made. Not synced: nothing is lost but work. */
export function writeStep(data: string, record: StepRecord): void {
  write(stepsFolder(data), record)
}

/** All steps that are remembered. */
export const listSteps = (data: string): StepRecord[] =>
  listKeys(stepsFolder(data)).flatMap((key) => readStep(data, key) ?? [])

/** Forgets a step; its layer is garbage then, unless somebody else needs it. */
export const removeStep = (data: string, key: string): void =>
  rmSync(recordFile(stepsFolder(data), key), { force: true })

/** When a step was last used, in milliseconds since 1970. */
export const stepUsedAt = (data: string, key: string): number =>
  statSync(recordFile(stepsFolder(data), key), { throwIfNoEntry: false })?.mtimeMs ?? 0

/** Remembers that a step was used now. */
export const touchStep = (data: string, key: string): void =>
  touch(recordFile(stepsFolder(data), key))

/** Images that builds began with. */
export const listSources = (data: string): SourceRecord[] =>
  listKeys(sourcesFolder(data)).flatMap((key) => {
    const bytes = readSmallFile(recordFile(sourcesFolder(data), key), MAX_RECORD)
    return parseSource(key, bytes) ?? []
  })

/** Keeps what an image without a name is made of. */
export function writeSource(data: string, record: SourceRecord): void {
  write(sourcesFolder(data), record)
}

/** Forgets an image that builds began with. */
export const removeSource = (data: string, key: string): void =>
  rmSync(recordFile(sourcesFolder(data), key), { force: true })

/** When such an image was last used, in milliseconds since 1970. */
export const sourceUsedAt = (data: string, key: string): number =>
  statSync(recordFile(sourcesFolder(data), key), { throwIfNoEntry: false })?.mtimeMs ?? 0

function write(folder: string, record: { key: string }): void {
  makeDirectory(folder)
  replaceFile(recordFile(folder, record.key), `${JSON.stringify({ version: 1, ...record })}\n`)
}

function touch(path: string): void {
  const now = new Date()
  try {
    utimesSync(path, now, now)
  } catch {
    // Pruned meanwhile: that is its end.
  }
}

const listKeys = (folder: string): string[] =>
  listNames(folder)
    .map((name) => name.replace(/\.json$/, ''))
    .filter((key) => KEY.test(key))

type Fields = Partial<Record<string, unknown>>

function parse(key: string, bytes: Buffer | undefined): Fields | undefined {
  const value = parseJson(bytes) as Fields | null | undefined
  return value?.version === 1 && value.key === key ? value : undefined
}

function parseStep(key: string, bytes: Buffer | undefined): StepRecord | undefined {
  const value = parse(key, bytes)
  if (!value || typeof value.diffId !== 'string' || !isDigest(value.diffId)) return undefined
  return {
    key,
    parents: texts(value.parents),
    diffId: value.diffId,
    createdAt: String(value.createdAt ?? ''),
    description: String(value.description ?? ''),
    size: Number(value.size) || 0,
  }
}

function parseSource(key: string, bytes: Buffer | undefined): SourceRecord | undefined {
  const value = parse(key, bytes)
  if (!value || typeof value.reference !== 'string') return undefined
  return {
    key,
    reference: value.reference,
    blobs: texts(value.blobs).filter(isDigest),
    layers: texts(value.layers).filter(isDigest),
    createdAt: String(value.createdAt ?? ''),
    size: Number(value.size) || 0,
  }
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : []
