import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach } from 'vitest'
import { openDirectory } from '../../lib/build/context/directory.ts'
import type { FileTree, Selection } from '../../lib/build/files.ts'

/** A context of its own for each test of a file. */
export interface ContextTree {
  /** What the context is in. */
  base: () => string
  /** The context. */
  root: () => string
  /** Makes files. Text is that of a file; `undefined`: a directory; `-> target`: a link. */
  make: (files: Record<string, string | undefined>) => void
  /** `data`: where the memory of files is, if there is one. */
  open: (ignored?: string[], data?: string) => FileTree
}

export function contextTrees(): ContextTree {
  let base: string
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'lighter-context-'))
    mkdirSync(join(base, 'context'))
  })
  afterEach(() => rmSync(base, { recursive: true, force: true }))
  const root = () => join(base, 'context')
  return {
    base: () => base,
    root,
    make: (files) => {
      for (const [path, content] of Object.entries(files)) {
        const place = join(root(), path)
        mkdirSync(content === undefined ? place : dirname(place), { recursive: true })
        if (content?.startsWith('-> ')) symlinkSync(content.slice(3), place)
        else if (content !== undefined) writeFileSync(place, content)
      }
    },
    open: (ignored = [], data = undefined) =>
      openDirectory(root(), { data, ignored, attributes: undefined }),
  }
}

export const selection = (patterns: string[], more: Partial<Selection> = {}): Selection => ({
  patterns,
  exclude: [],
  parents: false,
  ...more,
})
