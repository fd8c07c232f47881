import type { Readable } from 'node:stream'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { runNative } from './native.ts'
import type { IdMap } from './protocol.ts'

/** The native program and the ids it works with: what every step inside the user namespace needs. */
export interface UserNamespace {
  program: string
  idMap: IdMap
}

export interface AppliedLayer {
  /** Of the uncompressed archive. */
  diffId: string
  bytes: number
  entries: number
}

/**
 * Makes the directory `target` and unpacks a layer archive (compressed or not) into it, chrooted and with the container's ids.
 * With one id only, owners are squashed and kept in an extended attribute.
 */
export async function applyLayer(
  namespace: UserNamespace,
  target: string,
  archive: Readable,
  signal?: AbortSignal,
): Promise<AppliedLayer> {
  const squash = hasSingleId(namespace.idMap) ? ['--squash'] : []
  const reports = await runNative({
    program: namespace.program,
    args: ['layer', 'apply', '--target', target, ...mapArguments(namespace), ...squash],
    input: archive,
    ...(signal ? { signal } : {}),
  })
  for (const report of reports) {
    if (report.event === 'applied') {
      const { diffId, bytes, entries } = report
      return { diffId, bytes, entries }
    }
  }
  throw new LighterError('native', 'lighter-native layer ended without a report')
}

/**
 * Has the kernel write published layers, and all that was written before, to the disk and mark them so, in the background:
 * nothing waits for it, and a layer that loses its mark to a power cut is unpacked again from its blob.
 */
export function syncLayers({ program }: UserNamespace, directories: string[]): void {
  if (directories.length === 0) return
  lazyChildProcess()
    .spawn(program, ['layer', 'sync', ...directories], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
    })
    // Without a mark the layer is mended after the next boot: that is all that is lost.
    .on('error', () => undefined)
    .unref()
}

/** What became of a tree that was read: its digest, or why it cannot be read. */
export type ReadTree = { digest: string } | { message: string }

/**
 * Digests of trees: of the names, types, modes, owners, times of change, bytes, attributes and links in them, as the containers see
 * them.
 */
export async function digestTrees(
  namespace: UserNamespace,
  paths: readonly string[],
): Promise<ReadTree[]> {
  if (paths.length === 0) return []
  const reports = await runNative({
    program: namespace.program,
    args: ['layer', 'digest', ...mapArguments(namespace), '--', ...paths],
  })
  const read = new Map<number, ReadTree>()
  for (const report of reports) {
    if (report.event !== 'digested') continue
    const { index, digest, message } = report
    read.set(index, message === '' ? { digest } : { message })
  }
  return paths.map((_path, index) => read.get(index) ?? { message: 'nothing was said' })
}

/** Gives each of two directories the other's name, in one step where the file system can: nobody finds neither. */
export async function exchangeTrees(
  { program }: UserNamespace,
  one: string,
  other: string,
): Promise<void> {
  await runNative({ program, args: ['layer', 'exchange', one, other] })
}

/** Whether a command is reading the files of a stopped container in trees below the directory `layers`. */
export async function hasReaders({ program }: UserNamespace, layers: string): Promise<boolean> {
  const reports = await runNative({ program, args: ['layer', 'readers', layers] })
  return reports.some((report) => report.event === 'readers' && report.present)
}

/** Removes trees whose files may belong to subordinate ids; what is not there is no error. */
export async function removeTrees(namespace: UserNamespace, paths: string[]): Promise<void> {
  if (paths.length === 0) return
  await runNative({
    program: namespace.program,
    args: ['remove', ...mapArguments(namespace), '--', ...paths],
  })
}

/** The bytes of the files below each path, a file with several names counted once. */
export async function measureTrees(namespace: UserNamespace, paths: string[]): Promise<number[]> {
  if (paths.length === 0) return []
  const reports = await runNative({
    program: namespace.program,
    args: ['measure', ...mapArguments(namespace), '--', ...paths],
  })
  const sizes = new Map(
    reports.flatMap((report) => (report.event === 'measured' ? [[report.path, report.bytes]] : [])),
  )
  return paths.map((path) => sizes.get(path) ?? 0)
}

/** Whether only the user's own id is mapped. */
export const hasSingleId = (map: IdMap): boolean =>
  map.uids.reduce((sum, [, , count]) => sum + count, 0) === 1

const mapArguments = ({ idMap }: UserNamespace): string[] => ['--id-map', JSON.stringify(idMap)]
