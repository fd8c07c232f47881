import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { busyboxRecipe } from '../fixtures/images.ts'

/** Writes an OCI layout of busybox with the host's iperf3 and the libraries it needs. */
export function writeIperfLayout(layout: string): void {
  const program = '/usr/bin/iperf3'
  const needed = execFileSync('ldd', [program], { encoding: 'utf8' })
  const libraries = [...needed.matchAll(/(\/\S+) \(/g)].map(([, path = '']) => path)
  const entries = [program, ...libraries].map(
    (path): ArchiveEntry => ({ path: path.slice(1), mode: 0o755, data: readFileSync(path) }),
  )
  const recipe = busyboxRecipe()
  writeImageLayout(layout, { ...recipe, layers: [...recipe.layers, makeArchive(entries)] })
}
