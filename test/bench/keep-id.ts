import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { busyboxRecipe } from '../fixtures/images.ts'
import { compare, type Measured, median } from './statistics.ts'
import { decimal } from './table.ts'
import type { Sample, World } from './worlds.ts'

/** The image: a gigabyte in 40,000 files. */
const DIRECTORIES = 200
const FILES = 200
const FILE_BYTES = 26_000
/** Whose they are; keep-id shows them with other owners than it finds on disk. */
const OWNERS = [0, 33, 1000]
/** How often the image is made anew for a first run of each kind; of five, the median varied by a tenth. */
const FIRST_RUNS = 15
/** No more of the time of a default run than this. */
const GOAL = 1.2

const KINDS = { default: '', 'keep-id': '--userns keep-id' }

/** `--userns keep-id` against a default run, on a large image: the first run of the image, and later ones. */
export async function measureKeepId(work: string, lighter: World, rounds: number): Promise<void> {
  const archive = join(work, 'tree.tar')
  writeArchive(archive)
  // The way out to the network is there from now on: no run counts its start.
  await lighter.run('lighter run -d --name other lighter/hello sleep 100000 >/dev/null')
  try {
    await measure(lighter, archive, rounds)
  } finally {
    await lighter.run('lighter rm -f other >/dev/null; lighter rmi tree >/dev/null')
  }
}

async function measure(lighter: World, archive: string, rounds: number): Promise<void> {
  const contenders = Object.entries(KINDS).map(([name, flags]) => ({
    name,
    run: (image = 'tree') => lighter.time(`lighter run --rm ${flags} ${image} true`),
  }))
  // Nor does one count that a program was never read from the disk.
  for (const { run } of contenders) await run('lighter/hello')
  const samples = contenders.map((): Sample[] => [])
  for (let round = 0; round < FIRST_RUNS; round++) {
    for (const [index, { run }] of contenders.entries()) {
      // Nor that the disk still writes what was imported.
      await lighter.run(
        `lighter rmi tree >/dev/null 2>&1; lighter import ${archive} tree >/dev/null; sync`,
      )
      samples[index]?.push(await run())
    }
  }
  const first = contenders.map(({ name }, index) => summary(name, samples[index] ?? []))
  show(`first run of an image, ${FIRST_RUNS} each`, first)
  const later = contenders.map(({ name, run }) => ({ name, run: () => run() }))
  show(`later runs, ${rounds} each`, await compare(later, rounds))
}

const summary = (name: string, samples: Sample[]): Measured => ({
  name,
  median: median(samples.map(({ milliseconds }) => milliseconds)),
  failures: samples.filter(({ code }) => code !== 0).length,
})

function show(title: string, [usual, kept]: Measured[]): void {
  if (!usual || !kept) return
  const ratio = kept.median / usual.median
  const failures = usual.failures + kept.failures
  const medians = [usual, kept].map((one) => `${one.name} ${decimal(one.median)} ms`)
  const failed = failures > 0 ? `, FAILED: ${failures}` : ''
  console.log(`${title}: ${medians.join(', ')}, ratio ${decimal(ratio, 2)} of ${GOAL}${failed}`)
  if (failures > 0 || !(ratio <= GOAL)) process.exitCode = 1
}

/** In pieces: it is larger than a buffer should be. */
function writeArchive(path: string): void {
  const file = openSync(path, 'w')
  const [base] = busyboxRecipe().layers
  if (base) writeSync(file, withoutEnd(base))
  for (let index = 0; index < DIRECTORIES; index++)
    writeSync(file, withoutEnd(makeArchive(directory(index))))
  writeSync(file, makeArchive([]))
  closeSync(file)
}

const END_BYTES = 1024
const withoutEnd = (archive: Buffer): Buffer => archive.subarray(0, -END_BYTES)

function directory(index: number): ArchiveEntry[] {
  const owner = OWNERS[index % OWNERS.length] ?? 0
  const own = { uid: owner, gid: owner }
  const files = Array.from({ length: FILES }, (_, file) => ({
    path: `tree/${index}/${file}`,
    data: Buffer.alloc(FILE_BYTES, `${index} ${file} `),
    ...own,
  }))
  return [{ path: `tree/${index}/`, type: 'Directory', ...own }, ...files]
}
