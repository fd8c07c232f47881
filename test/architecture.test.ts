import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'

/** Who may import whom: a file imports from its own folder or from a lower rank. */
const RANK: Record<string, number> = {
  core: 0,
  format: 1,
  dockerfile: 1,
  oci: 1,
  fs: 1,
  host: 2,
  events: 2,
  store: 2,
  registry: 2,
  runtime: 2,
  engine: 3,
  trust: 3,
  image: 4,
  manifest: 4,
  network: 4,
  volume: 4,
  imagetools: 5,
  container: 5,
  build: 6,
  housekeeping: 7,
  api: 8,
  cli: 9,
}

const ROOT = new URL('..', import.meta.url).pathname

/** The modules that usual commands are made of. */
const { PARTS } = (await import(new URL('../packaging/scripts.mjs', import.meta.url).href)) as {
  PARTS: { name: string; modules: string[] }[]
}

const files = ['lib', 'api', 'cli'].flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name)),
)

const sources = new Map(files.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))

/** Relative imports of a file, static and dynamic, as paths from the root. */
function importsOf(file: string): string[] {
  const text = sources.get(file) ?? ''
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)
  return [...found].map(([, path = '']) => relative(ROOT, resolve(ROOT, dirname(file), path)))
}

/** Those that come with a file whenever it is loaded. */
function staticImportsOf(file: string): string[] {
  const text = sources.get(file) ?? ''
  const found = text.matchAll(
    /^(?:import|export) (?!type\b)[^'\n]*(?:\n[^'\n]*)*?from '(\.{1,2}\/[^']+)'/gm,
  )
  return [...found].map(([, path = '']) => relative(ROOT, resolve(ROOT, dirname(file), path)))
}

/** `lib/engine.ts` is a layer of its own. */
function layerOf(file: string): string {
  const [top = '', folder = ''] = file.split('/')
  return top === 'cli' || top === 'api' ? top : folder.replace(/\.ts$/, '')
}

const edges = files.flatMap((from) => importsOf(from).map((to) => ({ from, to })))

describe('layers', () => {
  test('every folder has a rank', () => {
    expect([...new Set(files.map(layerOf))].filter((layer) => RANK[layer] === undefined)).toEqual(
      [],
    )
  })

  test('a file imports from its own folder or from a lower rank', () => {
    const wrong = edges.filter(({ from, to }) => {
      const [own, other] = [layerOf(from), layerOf(to)]
      return own !== other && !((RANK[other] ?? Infinity) < (RANK[own] ?? -Infinity))
    })
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
  })

  test('what is imported exists', () => {
    expect(edges.filter(({ to }) => !sources.has(to) && !to.endsWith('.json'))).toEqual([])
  })

  test('no imports in a circle', () => {
    expect(findCircle()).toEqual([])
  })
})

/** The files of a circle of imports; empty when there is none. */
function findCircle(): string[] {
  const done = new Set<string>()
  const visit = (file: string, way: string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file]
    if (done.has(file)) return []
    for (const next of importsOf(file)) {
      const circle = visit(next, [...way, file])
      if (circle.length > 0) return circle
    }
    done.add(file)
    return []
  }
  for (const file of files) {
    const circle = visit(file, [])
    if (circle.length > 0) return circle
  }
  return []
}

describe('one fact, one place', () => {
  test('a table is declared once', () => {
    const places = new Map<string, string[]>()
    for (const [file, text] of sources) {
      for (const [, name = ''] of text.matchAll(/^export const ([A-Z][A-Z0-9_]+)\b/gm))
        places.set(name, [...(places.get(name) ?? []), file])
    }
    expect([...places].filter(([, where]) => where.length > 1)).toEqual([])
  })

  test('the kinds of failure are the same in TypeScript and in C', () => {
    const native = readFileSync(join(ROOT, 'native/src/fail.c'), 'utf8')
    const inC = [...native.matchAll(/\[FAILURE_\w+\] = "([a-z-]+)"/g)].map(([, kind]) => kind)
    const protocol = sources.get('lib/runtime/protocol.ts') ?? ''
    const union = /type NativeFailureKind =([^\n]*(?:\n\s+\|[^\n]*)+)/.exec(protocol)?.[1] ?? ''
    const inTypeScript = [...union.matchAll(/'([a-z-]+)'/g)].map(([, kind]) => kind)
    expect(inTypeScript.toSorted()).toEqual(inC.toSorted())
  })

  test('every verb of the native program has its line in the protocol page', () => {
    const native = readFileSync(join(ROOT, 'native/src/main.c'), 'utf8')
    const page = readFileSync(join(ROOT, 'docs/native-protocol.md'), 'utf8')
    const verbs = [...native.matchAll(/\{\s*"([a-z]+)", verb_/g)].map(([, verb]) => verb ?? '')
    expect(verbs.length).toBeGreaterThan(0)
    const verbsPart = page.slice(page.indexOf('## Verbs'), page.indexOf('Failures of'))
    expect(verbs.filter((verb) => !new RegExp(`\\b${verb}\\b`).test(verbsPart))).toEqual([])
  })
})

describe('habits', () => {
  test('usual commands load no built-in module that costs milliseconds', () => {
    const heavy =
      /^import (?!type\b).* from 'node:(tty|stream|net|child_process|crypto|zlib|readline|os|http)'/m
    const seen = new Set<string>()
    const visit = (file: string): void => {
      if (seen.has(file)) return
      seen.add(file)
      for (const next of staticImportsOf(file)) visit(next)
    }
    // Who asks a registry needs connections and hashes; so does who answers clients.
    const usual = PARTS.filter(({ name }) => !['registry', 'service', 'answers'].includes(name))
    for (const file of usual.flatMap(({ modules }) => modules)) visit(file)
    expect([...seen].filter((file) => heavy.test(sources.get(file) ?? ''))).toEqual([])
  })

  test('lib neither prints nor chooses the exit code', () => {
    const wrong = [...sources].filter(
      ([file, text]) =>
        file.startsWith('lib/') &&
        /\bconsole\.|process\.(stdout|stderr)\.write|process\.exit(Code)?\b/.test(text),
    )
    expect(wrong.map(([file]) => file)).toEqual([])
  })
})
