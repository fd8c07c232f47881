import { statSync } from 'node:fs'
import { bootId } from './fs/boot-id.ts'
import { kernelRelease } from './host/kernel.ts'
import { ensurePaths, findPaths, type HostPaths } from './host/paths.ts'
import { findProgram } from './host/programs.ts'
import { buildIdMap } from './host/subids.ts'
import { chooseUplink, type Uplink } from './host/uplink.ts'
import type { FindCredentials } from './registry/credential.ts'
import { ensureNativeFiles, type NativeFiles } from './runtime/binary.ts'
import type { IdMap } from './runtime/protocol.ts'
import type { StorageChoice } from './runtime/storage.ts'
import { findSharedStores } from './store/find-shared.ts'
import type { ImageStores } from './store/shared.ts'

/** Where everything is, and who goes to registries: the user, where nobody else is said. */
export interface EnginePaths extends HostPaths {
  credentials?: FindCredentials
}

/**
 * What every story needs to know about where it runs; passed first, never global. Facts that cost something to learn
 * (storage driver, id map) are methods that look once and remember.
 */
export interface Engine {
  readonly paths: EnginePaths
  /** Where images are; which stores of others there are is looked up when somebody asks for them. */
  readonly stores: ImageStores
  /** Where a service listens that has this engine; absent: this is none that stays, and the usual one is meant. */
  readonly socket?: string | undefined
  /** The user's own id as 0, then the subordinate ranges. */
  idMap(): IdMap
  /** The native program and the wrappers of the uplinks, unpacked where needed. */
  native(): NativeFiles
  /** Found by mounting for real, remembered per kernel and boot. */
  storage(): Promise<StorageChoice>
  /** The program that is the way out of networks. */
  uplink(): Uplink
}

/** Finds the directories of the calling user and makes them; everything else waits until it is asked for. */
export function createEngine(environment: NodeJS.ProcessEnv): Engine {
  // What this user makes, this user can read: a umask that denies it is meant for others.
  process.umask(process.umask(0o077) & 0o077)
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  const paths = findPaths(environment, uid)
  ensurePaths(paths, uid)
  let shared: readonly string[] | undefined
  let idMap: IdMap | undefined
  let native: NativeFiles | undefined
  let storage: Promise<StorageChoice> | undefined
  const engine: Engine = {
    paths,
    stores: {
      own: paths.data,
      get shared() {
        shared ??= findSharedStores(environment.LIGHTER_IMAGE_STORES, paths)
        return shared
      },
    },
    idMap: () => {
      idMap ??= buildIdMap(uid, gid)
      return idMap
    },
    native: () => {
      native ??= ensureNativeFiles(paths.data)
      return native
    },
    storage: () => {
      storage ??= chooseStorage(engine, environment.LIGHTER_STORAGE_DRIVER)
      return storage
    },
    uplink: () => chooseUplink(environment.LIGHTER_UPLINK, paths.config),
  }
  return engine
}

/** The same engine, with credentials that are not the user's: for one piece of work. */
export const withCredentials = (engine: Engine, credentials: FindCredentials): Engine => ({
  ...engine,
  paths: { ...engine.paths, credentials },
})

async function chooseStorage(engine: Engine, wanted: string | undefined): Promise<StorageChoice> {
  const idMap = engine.idMap()
  const { findStorage } = await import('./runtime/storage.ts')
  return await findStorage({
    data: engine.paths.data,
    config: engine.paths.config,
    nativeProgram: engine.native().program,
    idMap,
    fuseOverlayfs: findProgram('fuse-overlayfs'),
    wanted,
    fileSystem: async () => (await import('./host/machine.ts')).fileSystemOf(engine.paths.data),
    epoch: `${kernelRelease()} ${bootId()} ${JSON.stringify(idMap.uids)} ${statSync(engine.paths.data).dev}`,
  })
}
