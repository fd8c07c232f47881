import { mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { newContainerId } from '../core/ids.ts'
import { UndoStack } from '../core/undo.ts'
import type { Engine } from '../engine.ts'
import { makeDraft } from '../fs/drafts.ts'
import { makeOpenDirectory, replaceFile, spaceError, syncDirectory } from '../fs/replace.ts'
import { readResourceFacts, underSystemd } from '../host/cgroups.ts'
import { ownIdentity } from '../host/process.ts'
import { findProgram } from '../host/programs.ts'
import type { Endpoint } from '../network/endpoint.ts'
import type { RootfsDriver } from '../runtime/plan.ts'
import { removeTrees } from '../runtime/userns.ts'
import { type Container, containerDirectory } from './catalog.ts'
import { decideRecord, type ImageForContainer } from './decide.ts'
import { recordContainerEvent } from './events.ts'
import { prepareMounts } from './mount-sources.ts'
import { claimName, parseName, randomName, releaseName } from './names.ts'
import { type ContainerRecord, commandOf } from './record.ts'
import type { CreateRequest } from './request.ts'
import { resolveModes, resolveNetwork } from './sharing.ts'
import { resolveCapabilities } from './spec/capabilities.ts'
import { parseSecurityOptions } from './spec/security.ts'
import { UNSTARTED_THROWAWAY } from './state.ts'
import { userMap } from './user-map.ts'

export interface CreatedContainer extends Container {
  /** What was asked for and is left out. */
  warnings: string[]
}

/** Makes a container that is ready to be started. Its directory appears whole, or not at all. */
export async function createContainer(
  engine: Engine,
  image: ImageForContainer,
  request: CreateRequest,
): Promise<CreatedContainer> {
  const { data } = engine.paths
  const name = request.name === undefined ? undefined : parseName(request.name)
  const { wishes, warnings } = await resolveWishes(engine, request)
  const { driver, news } = await chooseDriver(engine, wishes)
  const record = decideRecord(image, wishes, newContainerId(), driver)
  checkRecord(record)
  await using undo = new UndoStack()
  const draft = makeDraft(data, ownIdentity(), true)
  undo.push(() => removeTrees({ program: engine.native().program, idMap: engine.idMap() }, [draft]))
  if (request.startsAtOnce) record.starter = ownIdentity()
  if (record.networks) record.networks = await resolveNetworks(data, record.networks)
  record.mounts = await prepareMounts(engine.paths, image.defaults.volumes, request)
  record.name = await claimSomeName(engine, name, record.id)
  undo.push(async () => releaseName(data, record.name, record.id))
  writeDirectory(draft, record)
  publish(data, draft, record)
  undo.commit()
  recordContainerEvent(data, record, 'create')
  return {
    record,
    directory: containerDirectory(data, record.id),
    warnings: [...news, ...warnings],
  }
}

/** Files whose owners are shown as others need a driver that can show them so. `news`: what of it users should hear. */
async function chooseDriver(
  engine: Engine,
  { options }: CreateRequest,
): Promise<{ driver: RootfsDriver; news: string[] }> {
  const { driver, news = [] } = await engine.storage()
  const mode = options.namespaces?.user
  if (driver === 'fuse-overlayfs' || !userMap(mode, engine.idMap()).moved) {
    return { driver, news }
  }
  if (findProgram('fuse-overlayfs')) return { driver: 'fuse-overlayfs', news: [] }
  throw new LighterError('host-setup', `--userns ${mode} needs fuse-overlayfs`, {
    hint: "'lighter doctor' shows how to install it.",
  })
}

/** The wishes with other containers known by their ids, and without the limits that this host cannot keep. */
async function resolveWishes(
  engine: Engine,
  request: CreateRequest,
): Promise<{ wishes: CreateRequest; warnings: string[] }> {
  const { namespaces, resources, cgroupParent } = request.options
  if (cgroupParent !== undefined && underSystemd() && !/^[\w.:-]+\.slice$/.test(cgroupParent)) {
    throw new LighterError(
      'bad-input',
      'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"',
    )
  }
  const joined = joinNetwork(engine, request)
  if (!namespaces && !resources) return { wishes: joined, warnings: [] }
  const options = { ...joined.options }
  if (options.namespaces) options.namespaces = resolveModes(engine.paths.data, options.namespaces)
  if (!resources) return { wishes: { ...joined, options }, warnings: [] }
  const { checkResources } = await import('./resources.ts')
  const checked = checkResources(resources, readResourceFacts(process.getuid?.() ?? 0))
  options.resources = checked.resources
  return { wishes: { ...joined, options }, warnings: checked.warnings }
}

/** With `--network container:X` X has the names, too. */
function joinNetwork(engine: Engine, request: CreateRequest): CreateRequest {
  const { mode } = request.connections
  if (!mode.startsWith('container:')) return request
  const joined = resolveNetwork(engine.paths.data, mode, request.options.namespaces)
  return {
    ...request,
    connections: { ...request.connections, mode: joined.mode },
    options: { ...request.options, ...(joined.modes ? { namespaces: joined.modes } : {}) },
    hostname:
      request.options.namespaces?.uts === 'host'
        ? request.hostname
        : (joined.hostname ?? request.hostname),
    domainname: joined.domainname ?? request.domainname,
  }
}

/**
 * A network that is not there is missed at the start only, an address that it cannot give and a link to nothing at once, as with
 * Docker.
 */
async function resolveNetworks(data: string, endpoints: Endpoint[]): Promise<Endpoint[]> {
  const [{ findNetwork }, { checkWishes }, { checkLinks }] = await Promise.all([
    import('../network/record.ts'),
    import('../network/endpoint.ts'),
    import('./links.ts'),
  ])
  checkLinks(data, endpoints)
  return endpoints.map((endpoint) => {
    try {
      const network = findNetwork(data, endpoint.networkId || endpoint.network)
      checkWishes(network, endpoint, `invalid config for network ${network.name}: `)
      return { ...endpoint, network: network.name, networkId: network.id }
    } catch (error) {
      if (error instanceof LighterError && error.code === 'no-such-network') return endpoint
      throw error
    }
  })
}

/** A name may be held by a container that only a crash kept from being removed. */
async function freeName(engine: Engine, name: string): Promise<boolean> {
  const { collectAbandoned, findAbandoned } = await import('./abandoned.ts')
  const holder = findAbandoned(engine.paths.data, name)
  if (!holder) return false
  await collectAbandoned(engine, [holder])
  return true
}

/** Mistakes that only show when everything is put together; found before anything is made. */
function checkRecord(record: ContainerRecord): void {
  resolveCapabilities(record.host)
  parseSecurityOptions(record.host.securityOpt)
  if (commandOf(record).length === 0) {
    throw new LighterError('bad-input', 'no command specified')
  }
}

async function claimSomeName(
  engine: Engine,
  wanted: string | undefined,
  id: string,
): Promise<string> {
  const { data } = engine.paths
  if (wanted !== undefined) {
    try {
      claimName(data, wanted, id)
    } catch (error) {
      if (!(await freeName(engine, wanted))) throw error
      claimName(data, wanted, id)
    }
    return wanted
  }
  for (let attempt = 0; ; attempt++) {
    const name = randomName(attempt)
    try {
      claimName(data, name, id)
      return name
    } catch (error) {
      const taken = error instanceof LighterError && error.code === 'conflict'
      if (!taken || attempt > 15) throw error
    }
  }
}

function writeDirectory(draft: string, record: ContainerRecord): void {
  const durable = !record.host.autoRemove
  mkdirSync(join(draft, 'bundle'), { mode: 0o700 })
  mkdirSync(join(draft, 'work'), { mode: 0o700 })
  // They become the container's root directory, which every user in it must be able to pass.
  makeOpenDirectory(join(draft, 'upper'))
  makeOpenDirectory(join(draft, 'bundle/rootfs'))
  const path = join(draft, 'container.json')
  const text = `${JSON.stringify(record)}\n`
  if (durable) replaceFile(path, text, true)
  else writeNew(path, text)
  // So that `ps` finds it without reading the records of all containers that were only created.
  if (record.starter && record.host.autoRemove)
    writeNew(join(draft, 'state.json'), UNSTARTED_THROWAWAY)
}

function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600 })
  } catch (error) {
    throw spaceError(error, path)
  }
}

function publish(data: string, draft: string, record: ContainerRecord): void {
  const containers = join(data, 'containers')
  const target = containerDirectory(data, record.id)
  try {
    renameSync(draft, target)
  } catch (error) {
    if (!isErrno(error, 'ENOENT') || statSync(containers, { throwIfNoEntry: false })) throw error
    mkdirSync(containers, { recursive: true, mode: 0o700 })
    renameSync(draft, target)
  }
  if (!record.host.autoRemove) syncDirectory(containers)
}
