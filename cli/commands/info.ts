import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { cpus, hostname, machine, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { readCgroups } from '../../lib/host/cgroups.ts'
import { distributionName } from '../../lib/host/distribution.ts'
import { fileSystemOf } from '../../lib/host/machine.ts'
import { isAlive, type ProcessIdentity } from '../../lib/host/process.ts'
import { findProgram } from '../../lib/host/programs.ts'
import { hasSingleId } from '../../lib/runtime/userns.ts'
import { type ImageStores, listSharedReferences, ownsStore } from '../../lib/store/shared.ts'
import { listPlugins } from '../../lib/volume/plugin/discovery.ts'
import { build, compatible } from '../../lib/core/build-info.ts'
import type { Context } from '../context.ts'
import type { InfoFacts } from '../output/info-document.ts'
import { formatBinarySize } from '../output/units.ts'
import type { Parsed } from '../parse.ts'

/** `info`: Docker's layout, filled with what is true here. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const facts = await collect(context)
  const format = parsed.string('format') ?? ''
  if (format !== '') {
    const { infoDocument } = await import('../output/info-document.ts')
    const { printDocument } = await import('../output/system-format.ts')
    return printDocument(context, 'info', format, infoDocument(facts))
  }
  context.print(`${lines(facts).join('\n')}\n`)
  for (const warning of facts.warnings) context.warn(warning)
  return 0
}

async function collect({ engine, debug }: Context): Promise<InfoFacts> {
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
      ...(await (await import('../../lib/host/uplink.ts')).warnAboutUplink(engine.uplink())),
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

const lines = (facts: InfoFacts): string[] => [
  `Client: lighter ${build.version}`,
  ` Version:    ${compatible.version}`,
  ' Context:    default',
  ` Debug Mode: ${facts.debug}`,
  '',
  'Server:',
  ` Containers: ${facts.running + facts.paused + facts.stopped}`,
  `  Running: ${facts.running}`,
  `  Paused: ${facts.paused}`,
  `  Stopped: ${facts.stopped}`,
  ` Images: ${facts.images}`,
  ` Server Version: ${compatible.version}`,
  ` Storage Driver: ${facts.driver}`,
  ...facts.driverStatus.map(([name, value]) => `  ${name}: ${value}`),
  ' Logging Driver: json-file',
  ` Cgroup Driver: ${facts.cgroupDriver}`,
  ` Cgroup Version: ${facts.cgroupVersion}`,
  ' Plugins:',
  `  Volume: ${facts.volumeDrivers.join(' ')}`,
  '  Network: bridge host none pasta slirp4netns',
  '  Log: journald json-file local none passthrough',
  ' Swarm: inactive',
  ` Runtimes: ${facts.runtimes.join(' ')}`,
  ' Default Runtime: lighter-native',
  ' Init Binary: lighter-native',
  ' Security Options:',
  '  seccomp',
  '   Profile: builtin',
  ...(facts.rootless ? ['  rootless'] : []),
  '  cgroupns',
  ` Kernel Version: ${facts.kernel}`,
  ` Operating System: ${facts.system}`,
  ' OSType: linux',
  ` Architecture: ${facts.architecture}`,
  ` CPUs: ${facts.cpus}`,
  ` Total Memory: ${formatBinarySize(facts.memory)}`,
  ` Name: ${facts.name}`,
  ` Docker Root Dir: ${facts.root}`,
  ` Debug Mode: ${facts.debug}`,
  ' Experimental: false',
  ' Insecure Registries:',
  '  127.0.0.0/8',
  ' Live Restore Enabled: false',
  ` Product: lighter ${build.version}`,
]

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
