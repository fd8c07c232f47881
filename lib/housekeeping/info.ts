import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, hostname, machine, release, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Engine } from '../engine.ts'
import { readCgroups } from '../host/cgroups.ts'
import { distributionName } from '../host/distribution.ts'
import { fileSystemOf } from '../host/machine.ts'
import { isAlive, type ProcessIdentity } from '../host/process.ts'
import { findProgram } from '../host/programs.ts'
import { warnAboutUplink } from '../host/uplink.ts'
import { hasSingleId } from '../runtime/userns.ts'
import { type ImageStores, listSharedReferences, ownsStore } from '../store/shared.ts'
import { listPlugins } from '../volume/plugin/discovery.ts'
import type { InfoFacts } from './info-document.ts'

/** Finds out what `info` tells. */
export async function collectInfo(engine: Engine, debug: boolean): Promise<InfoFacts> {
  const uid = process.getuid?.() ?? 0
  const storage = await engine
    .storage()
    .catch((error: Error) => ({ driver: 'none', reason: error.message, owners: undefined }))
  const cgroups = readCgroups(uid)
  const { data } = engine.paths
  return {
    id: engineId(data),
    ...countObjects(engine.stores),
    // As `inspect` calls it.
    driver: storage.driver === 'overlay' ? 'overlay2' : storage.driver,
    driverStatus: [
      ['Backing Filesystem', fileSystemOf(data)],
      ['Reason', storage.reason],
      ...(storage.owners === undefined
        ? []
        : [['Owners of files', storage.owners] satisfies [string, string]]),
      ...describeStores(engine.stores),
    ],
    controllers: cgroups.controllers,
    cgroupDriver: cgroups.systemd
      ? 'systemd'
      : cgroups.controllers.length > 0
        ? 'cgroupfs'
        : 'none',
    cgroupVersion: String(cgroups.version),
    kernel: release(),
    system: distributionName(),
    architecture: machine(),
    cpus: cpus().length,
    memory: totalmem(),
    root: data,
    name: hostname(),
    volumeDrivers: [...listPlugins(engine.paths.plugins), 'local'],
    runtimes: ['lighter-native', ...OTHER_RUNTIMES.filter((name) => findProgram(name))],
    rootless: uid !== 0,
    debug,
    warnings: [
      ...warnings(hasSingleId(engine.idMap()), cgroups.controllers),
      ...storeWarnings(engine.stores),
      ...(await warnAboutUplink(engine.uplink())),
    ],
  }
}

/** One user's data on one machine is what Docker calls an engine: the id follows from both. */
function engineId(data: string): string {
  const machineId = readText('/etc/machine-id')
  const hex = createHash('sha256').update(`${machineId} ${data}`).digest('hex')
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    hex.slice(12, 16),
    hex.slice(16, 20),
    hex.slice(20, 32),
  ].join('-')
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim()
  } catch {
    return ''
  }
}

/** Whose layers these are decides whether containers stand on them where they are. */
const describeStores = ({ shared }: ImageStores): [string, string][] =>
  shared.map((store) => [
    'Read-only Image Store',
    `${store} (${STORE_USES[String(ownsStore(store))]})`,
  ])

const STORE_USES: Readonly<Record<string, string>> = {
  true: 'its layers are used where they are',
  false: 'of another user: its layers are unpacked here, nothing is downloaded',
  undefined: 'cannot be read',
}

const storeWarnings = ({ shared }: ImageStores): string[] =>
  shared
    .filter((store) => ownsStore(store) === undefined)
    .map((store) => `WARNING: The image store ${store} cannot be read`)

const OTHER_RUNTIMES = ['crun', 'runc', 'runsc']

interface Counts {
  running: number
  paused: number
  stopped: number
  images: number
}

/** Counts what is on disk without reading more of it than needed: `info` must answer at once with thousands of objects. */
function countObjects(stores: ImageStores): Counts {
  const data = stores.own
  const containers = entriesOf(join(data, 'containers'))
  const states = containers.map((id) => liveState(join(data, 'containers', id, 'state.json')))
  const live = states.filter((state) => state !== undefined)
  const paused = live.filter((state) => state.paused === true).length
  const images = new Set([
    ...entriesOf(join(data, 'refs')).map(
      (name) => readJson<Reference>(join(data, 'refs', name))?.descriptor.digest,
    ),
    ...listSharedReferences(stores).map(({ descriptor }) => descriptor.digest),
  ])
  return {
    running: live.length - paused,
    paused,
    stopped: containers.length - live.length,
    images: images.size,
  }
}

interface Reference {
  descriptor: { digest: string }
}

type State =
  | ({ status: 'running'; paused?: boolean } & ProcessIdentity)
  | { status: 'restarting'; monitor: ProcessIdentity; paused?: undefined }
  | { status: 'exited' | 'created' | 'failed' }

/** The state of a container that runs, or will again without anybody's doing. */
function liveState(path: string): Extract<State, { status: 'running' | 'restarting' }> | undefined {
  const state = readJson<State>(path)
  if (state?.status === 'running') return isAlive(state) ? state : undefined
  return state?.status === 'restarting' && isAlive(state.monitor) ? state : undefined
}

/** `undefined` for what vanished meanwhile. */
function readJson<Document>(path: string): Document | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Document
  } catch {
    return undefined
  }
}

function entriesOf(directory: string): string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.'))
  } catch {
    return []
  }
}

function warnings(singleId: boolean, controllers: string[]): string[] {
  const result: string[] = []
  if (singleId) result.push('WARNING: No subordinate ids: containers have one user only')
  if (!controllers.includes('memory')) result.push('WARNING: No memory limit support')
  if (!controllers.includes('cpu')) result.push('WARNING: No cpu cfs quota support')
  if (!controllers.includes('pids')) result.push('WARNING: No pids limit support')
  return result
}
