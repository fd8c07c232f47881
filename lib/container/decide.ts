import { posix } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { type ContainerId, type Digest, shortId } from '../core/ids.ts'
import { instantText, nowNanoseconds } from '../core/instant.ts'
import { lazyOs } from '../core/lazy.ts'
import { findProgram } from '../host/programs.ts'
import { parseNetwork } from '../network/network.ts'
import type { ImageDefaults } from '../oci/image.ts'
import type { RootfsDriver } from '../runtime/plan.ts'
import { decideHealthcheck } from './health.ts'
import { checkLogConfig } from './log-config.ts'
import { isAnonymous } from './mount-request.ts'
import type { ContainerConfig, ContainerHostConfig, ContainerRecord } from './record.ts'
import type { CreateRequest } from './request.ts'
import { checkRestartPolicy } from './restart-policy.ts'
import { signalNumber } from './signals.ts'
import { nameOf } from './spec/process.ts'
import { keptIds } from './user-map.ts'

/** What a container needs of its image. */
export interface ImageForContainer {
  /** Digest of its configuration. */
  id: Digest
  /** Directories below `layers/`, from the lowest up. */
  layers: string[]
  defaults: ImageDefaults
}

/** Docker's /dev/shm */
const SHM_SIZE = 64 * 1024 * 1024

/** Puts the image's configuration and the user's wishes together. Mounts and the name are still open. */
export function decideRecord(
  image: ImageForContainer,
  request: CreateRequest,
  id: ContainerId,
  driver: RootfsDriver,
): ContainerRecord {
  return {
    version: 1,
    id,
    name: '',
    createdAt: instantText(nowNanoseconds()),
    image: request.image,
    imageId: image.id,
    layers: image.layers,
    driver,
    config: decideConfig(image.defaults, request, id),
    host: decideHost(request),
    mounts: [],
    ...(request.connections.networks ? { networks: request.connections.networks } : {}),
  }
}

function decideConfig(
  image: ImageDefaults,
  request: CreateRequest,
  id: ContainerId,
): ContainerConfig {
  if (request.options.namespaces?.uts === 'host' && request.hostname !== undefined) {
    throw new LighterError('bad-input', 'conflicting options: hostname and the UTS mode')
  }
  const stopSignal = request.stopSignal ?? (image.stopSignal || undefined)
  if (request.stopSignal !== undefined) signalNumber(request.stopSignal)
  return {
    ...(request.domainname === undefined ? {} : { domainname: request.domainname }),
    hostname: checkHostname(request.hostname ?? defaultHostname(request, id)),
    user: decideUser(image, request),
    attach: request.attach,
    tty: request.tty,
    openStdin: request.openStdin,
    stdinOnce: request.stdinOnce ?? (request.openStdin && request.attach.stdin),
    env: imageEnvironment(image.env, request.env),
    ...decideCommand(image, request),
    workingDir: decideWorkingDir(request.workingDir ?? image.workingDir),
    labels: { ...image.labels, ...request.labels },
    volumes: [...new Set([...image.volumes, ...request.binds.filter(isAnonymous)])],
    exposedPorts: exposePorts(image, request),
    ...(stopSignal === undefined ? {} : { stopSignal }),
    ...(request.stopTimeout === undefined ? {} : { stopTimeout: request.stopTimeout }),
    ...decideHealthcheck(image.healthcheck, request),
    ...(request.shell === undefined ? {} : { shell: request.shell }),
  }
}

/** Who keeps an id wants to be it, unless somebody else is asked for. */
function decideUser(image: ImageDefaults, request: CreateRequest): string {
  const kept = keptIds(request.options.namespaces?.user)
  return request.user ?? (image.user || (kept ? `${kept.uid}:${kept.gid}` : ''))
}

function exposePorts(image: ImageDefaults, { connections }: CreateRequest): string[] {
  const published = connections.published.map(({ port }) => port)
  return [...new Set([...image.exposedPorts, ...connections.exposed, ...published])]
}

/** Longest name that the kernel takes. */
const MAX_HOSTNAME = 64

function checkHostname(name: string): string {
  if (Buffer.byteLength(name) <= MAX_HOSTNAME) return name
  throw new LighterError(
    'bad-input',
    `invalid hostname: ${name}: longer than ${MAX_HOSTNAME} bytes`,
  )
}

const defaultHostname = (request: CreateRequest, id: ContainerId): string =>
  request.connections.mode === 'host' || request.options.namespaces?.uts === 'host'
    ? lazyOs().hostname()
    : shortId(id)

/** The user's entries first, then those of the image that the user did not name. */
function imageEnvironment(image: string[], own: string[]): string[] {
  const named = new Set(own.map(nameOf))
  return [...own, ...image.filter((entry) => entry.includes('=') && !named.has(nameOf(entry)))]
}

/** An entrypoint of the user's also drops the image's command: it was meant for the other program. */
export function decideCommand(
  image: Pick<ImageDefaults, 'entrypoint' | 'cmd'>,
  request: Pick<CreateRequest, 'entrypoint' | 'command'>,
): { entrypoint: string[] | null; cmd: string[] | null } {
  const own = request.command.length > 0 ? request.command : null
  const { entrypoint } = request
  if (entrypoint !== undefined && entrypoint.length > 0) {
    const isNone = entrypoint.length === 1 && entrypoint[0] === ''
    return { entrypoint: isNone ? null : entrypoint, cmd: own }
  }
  return {
    entrypoint: entrypoint === undefined && image.entrypoint.length > 0 ? image.entrypoint : null,
    cmd: own ?? (image.cmd.length > 0 ? image.cmd : null),
  }
}

function decideWorkingDir(path: string): string {
  if (path === '') return ''
  if (path.startsWith('/')) return posix.normalize(path)
  throw new LighterError(
    'bad-input',
    `the working directory '${path}' is invalid, it needs to be an absolute path`,
  )
}

function decideHost(request: CreateRequest): ContainerHostConfig {
  return {
    ...request.options,
    networkMode: parseNetwork(request.connections.mode),
    ...(request.connections.published.length > 0
      ? { portBindings: request.connections.published }
      : {}),
    autoRemove: request.autoRemove,
    binds: request.binds.filter((text) => !isAnonymous(text)),
    tmpfs: request.tmpfs,
    capAdd: request.capAdd,
    capDrop: request.capDrop,
    groupAdd: request.groups,
    privileged: request.privileged,
    readonlyRootfs: request.readOnly,
    securityOpt: request.securityOpt,
    init: request.init,
    ...decideRuntime(request.runtime),
    cidFile: request.cidFile ?? '',
    ...(request.restart === undefined
      ? {}
      : { restartPolicy: checkRestartPolicy(request.restart) }),
    ...(request.log === undefined ? {} : { logConfig: checkLogConfig(request.log, request.tty) }),
    shmSize: request.options.shmSize ?? SHM_SIZE,
    consoleSize: request.consoleSize,
  }
}

const OWN_RUNTIME = 'lighter-native'

/** Another runtime by name or path; ours has the name that `info` shows. */
function decideRuntime(
  text: string | undefined,
): Pick<ContainerHostConfig, 'runtime' | 'runtimeProgram'> {
  if (text === undefined || text === '' || text === OWN_RUNTIME) return { runtime: OWN_RUNTIME }
  const program = findProgram(text)
  if (program) return { runtime: text, runtimeProgram: program }
  throw new LighterError('bad-input', `unknown or invalid runtime name: ${text}`)
}
