import { readdirSync, readFileSync } from 'node:fs'
import { cpus, hostname, machine, release, totalmem } from 'node:os'
import { join } from 'node:path'
import { readCgroups } from '../../lib/host/cgroups.ts'
import { distributionName } from '../../lib/host/distribution.ts'
import { fileSystemOf } from '../../lib/host/machine.ts'
import { isAlive, type ProcessIdentity } from '../../lib/host/process.ts'
import { findProgram } from '../../lib/host/programs.ts'
import { hasSingleId } from '../../lib/runtime/userns.ts'
import { build, compatible } from '../build-info.ts'
import type { Context } from '../context.ts'
import { formatBinarySize } from '../output/units.ts'

/** `info`: Docker's layout, filled with what is true here. */
export async function run(context: Context): Promise<number> {
  const { engine, debug } = context
  const uid = process.getuid?.() ?? 0
  const storage = await engine
    .storage()
    .catch((error: Error) => ({ driver: 'none', reason: error.message }))
  const cgroups = readCgroups(uid)
  const counts = countObjects(engine.paths.data)
  const lines = [
    `Client: lighter ${build.version}`,
    ` Version:    ${compatible.version}`,
    ' Context:    default',
    ` Debug Mode: ${debug}`,
    '',
    'Server:',
    ` Containers: ${counts.running + counts.stopped}`,
    `  Running: ${counts.running}`,
    '  Paused: 0',
    `  Stopped: ${counts.stopped}`,
    ` Images: ${counts.images}`,
    ` Server Version: ${compatible.version}`,
    ` Storage Driver: ${storage.driver}`,
    `  Backing Filesystem: ${fileSystemOf(engine.paths.data)}`,
    `  Reason: ${storage.reason}`,
    ' Logging Driver: json-file',
    ` Cgroup Driver: ${cgroups.systemd ? 'systemd' : cgroups.controllers.length > 0 ? 'cgroupfs' : 'none'}`,
    ` Cgroup Version: ${cgroups.version}`,
    ' Plugins:',
    '  Volume: local',
    '  Network: bridge host none slirp4netns',
    '  Log: json-file none',
    ' Swarm: inactive',
    ` Runtimes: ${['lighter-native', ...OTHER_RUNTIMES.filter((name) => findProgram(name))].join(' ')}`,
    ' Default Runtime: lighter-native',
    ' Init Binary: lighter-native',
    ' Security Options:',
    '  seccomp',
    '   Profile: builtin',
    ...(uid === 0 ? [] : ['  rootless']),
    '  cgroupns',
    ` Kernel Version: ${release()}`,
    ` Operating System: ${distributionName()}`,
    ' OSType: linux',
    ` Architecture: ${machine()}`,
    ` CPUs: ${cpus().length}`,
    ` Total Memory: ${formatBinarySize(totalmem())}`,
    ` Name: ${hostname()}`,
    ` Docker Root Dir: ${engine.paths.data}`,
    ` Debug Mode: ${debug}`,
    ' Experimental: false',
    ' Insecure Registries:',
    '  127.0.0.0/8',
    ' Live Restore Enabled: false',
    ` Product: lighter ${build.version}`,
  ]
  context.print(`${lines.join('\n')}\n`)
  for (const warning of warnings(hasSingleId(engine.idMap()), cgroups.controllers))
    context.warn(warning)
  return 0
}

const OTHER_RUNTIMES = ['crun', 'runc', 'runsc']

interface Counts {
  running: number
  stopped: number
  images: number
}

/** Counts what is on disk without reading more of it than needed: `info` must answer at once with thousands of objects. */
function countObjects(data: string): Counts {
  const containers = entriesOf(join(data, 'containers'))
  const running = containers.filter((id) =>
    isRunning(join(data, 'containers', id, 'state.json')),
  ).length
  const images = new Set(
    entriesOf(join(data, 'refs')).map(
      (name) => readJson<Reference>(join(data, 'refs', name))?.descriptor.digest,
    ),
  )
  return { running, stopped: containers.length - running, images: images.size }
}

interface Reference {
  descriptor: { digest: string }
}

type State = ({ status: 'running' } & ProcessIdentity) | { status: 'exited' }

function isRunning(path: string): boolean {
  const state = readJson<State>(path)
  return state?.status === 'running' && isAlive(state)
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
