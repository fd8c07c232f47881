import { lstatSync, mkdirSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { findDriver, makeEmptyLayer } from '../../container/rootfs.ts'
import { LighterError } from '../../core/errors.ts'
import type { Engine } from '../../engine.ts'
import { shownName } from '../../fs/byte-names.ts'
import { makeDraft } from '../../fs/drafts.ts'
import { makeDirectory, replaceFile } from '../../fs/replace.ts'
import { ownIdentity } from '../../host/process.ts'
import { openHold } from '../../image/hold.ts'
import { isSquashed } from '../../image/layer-kind.ts'
import { formatPlatform, type Platform } from '../../oci/platform.ts'
import { copyFiles } from '../../runtime/files.ts'
import { listTree } from '../../runtime/tree.ts'
import { removeTrees, type UserNamespace } from '../../runtime/userns.ts'
import type { View } from '../../runtime/view.ts'
import { hasLayerAnywhere } from '../../store/shared.ts'
import { treesOf } from '../layer-trees.ts'
import type { BuiltImage, ExportedImage } from '../result.ts'
import { makeDestination, writeDestination } from './destination.ts'
import type { Subject } from './provenance.ts'
import { type FileSource, writeTar } from './tar.ts'
import type { ExportContext, OnStep } from './wishes.ts'

export interface FilesWishes {
  type: 'local' | 'tar'
  destination: string | undefined
  /** Each of several platforms has a folder of its own. */
  split: boolean
  /** A provenance beside the files, with a name; `undefined`: none. */
  attest: ((index: number, files: readonly Subject[]) => Buffer) | undefined
  /** Of the names of attestations. */
  prefix: string
}

const NOTHING: ExportedImage = { imageId: undefined, digest: undefined, metadata: {} }

/**
 * Gives the files of what was built to the user: into a directory, where they belong to the caller, without set-id bits, devices and
 * sockets, links not followed, and take the places of files that are there; or in an archive with the owners that they have in the image.
 * Throws `build` where platforms would share a folder and have the same files, `usage`, `no-space`.
 */
export async function exportFiles(
  { engine, onStep, signal }: ExportContext,
  images: readonly BuiltImage[],
  wishes: FilesWishes,
): Promise<ExportedImage> {
  const namespace = { program: engine.native().program, idMap: engine.idMap() }
  using hold = openHold(engine.paths.data)
  hold.add(
    [],
    images.flatMap(({ layers }) => layers),
  )
  const isSplit = wishes.split && images.length > 1
  if (!isSplit && images.length > 1) await checkDistinct(engine, namespace, images)
  for (const image of images) await ensureTrees(engine, image, signal)
  const draft = makeDraft(engine.paths.data, ownIdentity())
  try {
    const sources: FileSource[] = []
    for (const [index, image] of images.entries()) {
      const view = await planFiles(engine, image, join(draft, String(index)))
      const attestation = await attest(engine, namespace, image, index, wishes)
      const folder = isSplit ? folderOf(image.platform) : undefined
      sources.push({ view, folder, attestation })
    }
    if (wishes.type === 'local') await copyOut(namespace, sources, wishes, onStep)
    else {
      const done = onStep('sending tarball')
      await writeDestination(wishes.destination, (fd) => writeTar(namespace, sources, fd))
      done()
    }
  } finally {
    await removeTrees(namespace, [draft]).catch(() => undefined)
  }
  return NOTHING
}

/** Layers of somebody's image that no step needed are not here yet. */
async function ensureTrees(
  engine: Engine,
  { layers, origins }: BuiltImage,
  signal: AbortSignal,
): Promise<void> {
  for (const diffId of layers)
    if (!hasLayerAnywhere(engine.stores, diffId, isSquashed(engine)))
      await origins.get(diffId)?.fetch(signal)
}

/** `linux_arm64_v8` */
const folderOf = (platform: Platform): string => formatPlatform(platform).replaceAll('/', '_')

/** A root filesystem of the layers, which nobody runs in. */
async function planFiles(engine: Engine, { layers }: BuiltImage, directory: string): Promise<View> {
  const [upper, work] = [join(directory, 'upper'), join(directory, 'work')]
  makeDirectory(join(directory, 'bundle/rootfs'))
  for (const path of [upper, work]) mkdirSync(path, { mode: 0o755 })
  // The root's own time says when it was put together: nothing of that is to be seen.
  utimesSync(upper, 0, 0)
  const lower = layers.length > 0 ? treesOf(engine, layers) : makeEmptyLayer(directory)
  const storage = await engine.storage()
  return {
    directory,
    idMap: engine.idMap(),
    rootfs: { ...(await findDriver(engine, storage.driver)), lower, upper, work },
    started: true,
    mounts: [],
  }
}

/** BuildKit's words for what two platforms both have. */
async function checkDistinct(
  engine: Engine,
  namespace: UserNamespace,
  images: readonly BuiltImage[],
): Promise<void> {
  const seen = new Map<string, Platform>()
  for (const { layers, platform } of images) {
    for await (const { path, type } of listTree(namespace, treesOf(engine, layers), [''], {
      digests: false,
    })) {
      if (type === 'directory') continue
      const other = seen.get(path)
      if (other) {
        throw new LighterError(
          'build',
          `cannot overwrite ${shownName(path)} from ${formatPlatform(other)} with ${formatPlatform(platform)} when split option is disabled`,
        )
      }
      seen.set(path, platform)
    }
  }
}

async function attest(
  engine: Engine,
  namespace: UserNamespace,
  { layers }: BuiltImage,
  index: number,
  { attest: format, prefix }: FilesWishes,
): Promise<FileSource['attestation']> {
  if (!format) return undefined
  const files: Subject[] = []
  for await (const { path, type, digest } of listTree(namespace, treesOf(engine, layers), ['']))
    if (type === 'file') files.push({ name: shownName(path), digest: { sha256: digest } })
  return { name: `${prefix}provenance.json`, bytes: format(index, files) }
}

async function copyOut(
  namespace: UserNamespace,
  sources: readonly FileSource[],
  { destination = '.' }: FilesWishes,
  onStep: OnStep,
): Promise<void> {
  makeDestination(destination)
  const { program } = namespace
  for (const { view, folder, attestation } of sources) {
    const done = onStep(['copying files', ...(folder ? [folder.replace('_', '/')] : [])].join(' '))
    // The names of the archive begin with the folder: a link in its place is not followed.
    await copyFiles(
      { program, view, path: '/.' },
      { program, path: destination },
      folder ?? '.',
      false,
      () => undefined,
    )
    if (attestation) {
      const place = folder === undefined ? destination : join(destination, folder)
      if (lstatSync(place).isDirectory())
        replaceFile(join(place, attestation.name), attestation.bytes, false, 0o644)
    }
    done()
  }
}
