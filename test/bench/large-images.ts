import { existsSync, mkdirSync, mkdtempSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { makeStackLayout } from '../fixtures/stack.ts'

/** Bump when an image below changes. */
const EDITION = 1
const MEBIBYTE = 1 << 20
const FOLDERS = 500
const FILES = 100

/** The images whose pulls, pushes and archives are measured: layouts by what they are called in the table. */
export function makeLargeLayouts(cache: string): Record<string, string> {
  return {
    'debian, 300 MB in 10,900 files': makeStackLayout(cache),
    '50,000 small files': layoutOf(cache, 'small-files', () => [smallFiles()]),
    'one layer of 1 GB': layoutOf(cache, 'gigabyte', () => [gigabyte()]),
    '20 small layers': layoutOf(cache, 'layers', smallLayers),
  }
}

function layoutOf(cache: string, name: string, layers: () => Buffer[]): string {
  const directory = join(cache, `bench-${EDITION}`)
  const layout = join(directory, name)
  if (existsSync(layout)) return layout
  mkdirSync(directory, { recursive: true })
  const draft = mkdtempSync(join(directory, '.draft-'))
  writeImageLayout(draft, { layers: layers(), config: { Cmd: ['true'] } })
  renameSync(draft, layout)
  return layout
}

/** Text that compresses to about a half; the same at each run. */
function filling(size: number, seed: number): Buffer {
  const data = Buffer.alloc(size)
  let state = seed * 2_654_435_761 + 1
  for (let offset = 0; offset + 4 <= size; offset += 8) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    data.writeUInt32LE(state, offset)
  }
  return data
}

const folder = (path: string): ArchiveEntry => ({ path, type: 'Directory' })

function smallFiles(): Buffer {
  const folders = Array.from({ length: FOLDERS }, (_, index) => [
    folder(`files/${index}/`),
    ...Array.from({ length: FILES }, (_, file) => ({
      path: `files/${index}/${file}`,
      data: filling(1024 + ((index * FILES + file) % 3000), index * FILES + file),
    })),
  ])
  return makeArchive([folder('files/'), ...folders.flat()])
}

function gigabyte(): Buffer {
  const files = Array.from({ length: 16 }, (_, index) => ({
    path: `large/${index}`,
    data: filling(64 * MEBIBYTE, index + 1),
  }))
  return makeArchive([folder('large/'), ...files])
}

function smallLayers(): Buffer[] {
  return Array.from({ length: 20 }, (_, layer) =>
    makeArchive([
      folder(`layer/${layer}/`),
      ...Array.from({ length: 100 }, (_, file) => ({
        path: `layer/${layer}/${file}`,
        data: filling(10_000, layer * 100 + file + 1),
      })),
    ]),
  )
}
