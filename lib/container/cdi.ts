import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import type { SpecDevice, SpecHooks, SpecMount } from '../oci/runtime-spec.ts'
import type { DeviceRequest } from './options.ts'
import { findDevices } from './spec/devices.ts'

/** Files of the Container Device Interface; the later directory wins. https://github.com/cncf-tags/container-device-interface */
const DIRECTORIES = ['/etc/cdi', '/run/cdi']
const MAX_FILE = 4 * 1024 * 1024

/** What devices add to a container. */
export interface DeviceEdits {
  env: string[]
  devices: SpecDevice[]
  mounts: SpecMount[]
  hooks: SpecHooks
  /** Numbers of groups that the process is in, too. */
  groups: string[]
}

interface Edits {
  env?: string[]
  deviceNodes?: { path: string; hostPath?: string; permissions?: string }[]
  mounts?: { hostPath: string; containerPath: string; type?: string; options?: string[] }[]
  hooks?: {
    hookName: keyof SpecHooks
    path: string
    args?: string[]
    env?: string[]
    timeout?: number
  }[]
  additionalGids?: number[]
}

/** Whatever else a file asks for would be missing in the container. */
const KNOWN_EDITS = new Set(['env', 'deviceNodes', 'mounts', 'hooks', 'additionalGids'])

/** Those after the start have nobody who would run them. */
const HOOKS = new Set(['prestart', 'createRuntime', 'createContainer', 'startContainer'])

interface CdiFile {
  kind: string
  containerEdits?: Edits
  devices?: { name: string; containerEdits?: Edits }[]
}

/** What `--gpus` and the CDI names of `--device` stand for. Throws `bad-input` for what no file of the host describes. */
export async function resolveDevices(
  requests: DeviceRequest[],
  directories: string[] = DIRECTORIES,
): Promise<DeviceEdits> {
  const result: DeviceEdits = { env: [], devices: [], mounts: [], hooks: {}, groups: [] }
  const unreadable: string[] = []
  const read = await Promise.all(
    directories.map((directory) => readDirectory(directory, unreadable)),
  )
  const files = read.flat().reverse()
  const common = new Set<CdiFile>()
  for (const request of requests) {
    for (const name of namesOf(request, files)) {
      const found = findDevice(files, name)
      if (!found) throw notFound(request, name, unreadable)
      if (!common.has(found.file)) apply(result, name, found.file.containerEdits)
      common.add(found.file)
      apply(result, name, found.edits)
    }
  }
  return result
}

const GPU_KIND = 'nvidia.com/gpu'

/** A number of GPUs takes the first ones; `all` is a name that such files have. */
function namesOf({ driver, count, ids }: DeviceRequest, files: CdiFile[]): string[] {
  if (driver === 'cdi') return ids ?? []
  if (ids) return ids.map((id) => `${GPU_KIND}=${id}`)
  if (count < 0) return [`${GPU_KIND}=all`]
  const numbered = files
    .filter(({ kind }) => kind === GPU_KIND)
    .flatMap(({ devices }) => (devices ?? []).map(({ name }) => name))
    .filter((name) => /^\d+$/.test(name))
  const first = [...new Set(numbered)].sort((a, b) => Number(a) - Number(b)).slice(0, count)
  return first.length === count ? first.map((id) => `${GPU_KIND}=${id}`) : [`${GPU_KIND}=${count}`]
}

const unsupported = (name: string, what: string): LighterError =>
  new LighterError(
    'bad-input',
    `CDI device injection failed: ${name} needs ${what}, which is not supported`,
  )

function notFound(request: DeviceRequest, name: string, unreadable: string[]): LighterError {
  const hint = unreadable.length > 0 ? { hint: `Not understood: ${unreadable.join(', ')}.` } : {}
  const message =
    request.driver === 'cdi'
      ? `CDI device injection failed: unresolvable CDI devices ${name}`
      : `could not select device driver "${request.driver}" with capabilities: [[${request.capabilities?.flat().join(' ')}]]`
  return new LighterError('bad-input', message, hint)
}

async function readDirectory(directory: string, unreadable: string[]): Promise<CdiFile[]> {
  let names: string[]
  try {
    names = readdirSync(directory).sort()
  } catch {
    return [] // most hosts have none
  }
  const files: CdiFile[] = []
  for (const name of names.filter((it) => /\.(json|ya?ml)$/.test(it))) {
    const path = join(directory, name)
    const bytes = readSmallFile(path, MAX_FILE)
    const file = name.endsWith('.json') ? parseJson(bytes) : await parseYaml(bytes)
    if (isCdiFile(file)) files.push(file)
    else unreadable.push(path)
  }
  return files
}

async function parseYaml(bytes: Buffer | undefined): Promise<unknown> {
  if (!bytes) return undefined
  const { parse } = await import('yaml')
  try {
    return parse(bytes.toString('utf8'))
  } catch {
    return undefined
  }
}

const isCdiFile = (file: unknown): file is CdiFile =>
  typeof file === 'object' &&
  file !== null &&
  'kind' in file &&
  typeof file.kind === 'string' &&
  (!('devices' in file) || Array.isArray(file.devices))

function findDevice(
  files: CdiFile[],
  qualified: string,
): { file: CdiFile; edits: Edits } | undefined {
  const equals = qualified.indexOf('=')
  for (const file of files) {
    if (file.kind !== qualified.slice(0, equals)) continue
    const device = file.devices?.find(({ name }) => name === qualified.slice(equals + 1))
    if (device) return { file, edits: device.containerEdits ?? {} }
  }
  return undefined
}

function apply(result: DeviceEdits, name: string, edits: Edits = {}): void {
  const unknown = Object.keys(edits).find((key) => !KNOWN_EDITS.has(key))
  const hook = edits.hooks?.find(({ hookName }) => !HOOKS.has(hookName))
  if (unknown !== undefined) throw unsupported(name, unknown)
  if (hook) throw unsupported(name, `the hook ${hook.hookName}`)
  result.groups.push(...(edits.additionalGids ?? []).map(String))
  result.env.push(...(edits.env ?? []))
  for (const node of edits.deviceNodes ?? []) {
    const permissions = node.permissions ?? 'rwm'
    result.devices.push(
      ...findDevices({ host: node.hostPath ?? node.path, inside: node.path, permissions }),
    )
  }
  for (const mount of edits.mounts ?? []) {
    const options = mount.options ?? ['ro', 'nosuid', 'nodev', 'bind']
    result.mounts.push({
      destination: mount.containerPath,
      type: mount.type ?? 'bind',
      source: mount.hostPath,
      options:
        options.includes('bind') || options.includes('rbind') ? options : [...options, 'rbind'],
    })
  }
  for (const { hookName, ...hook } of edits.hooks ?? []) {
    const list = result.hooks[hookName] ?? []
    result.hooks[hookName] = list
    list.push(hook)
  }
}
