import { LighterError } from '../core/errors.ts'
import { type MountRequest, normalizeDestination } from './mount-request.ts'

/** One mount as Docker's API says it, in the order of its members; only what was given is there. */
export interface MountDocument {
  Type: string
  Source?: string
  Target: string
  ReadOnly?: boolean
  Consistency?: string
  BindOptions?: {
    Propagation?: string
    NonRecursive?: boolean
    CreateMountpoint?: boolean
    ReadOnlyNonRecursive?: boolean
    ReadOnlyForceRecursive?: boolean
  }
  VolumeOptions?: {
    NoCopy?: boolean
    Labels?: Record<string, string>
    Subpath?: string
    DriverConfig?: { Name?: string; Options?: Record<string, string> }
  }
  TmpfsOptions?: { SizeBytes?: number; Mode?: number }
}

type Bad = (reason: string) => LighterError

/**
 * The mount that a document asks for. `chown`: Podman's option, for which Docker's documents have no word. Throws `bad-input` with
 * Docker's sentences.
 */
export function mountOfDocument(document: MountDocument, chown = false): MountRequest {
  const { Type: type, Target: target, ReadOnly: readOnly = false } = document
  const bad: Bad = (reason) =>
    new LighterError('bad-input', `invalid mount config for type "${type}": ${reason}`)
  if (target === '') throw bad('field Target must not be empty')
  if (type !== 'bind' && type !== 'volume' && type !== 'tmpfs') throw bad('mount type unknown')
  checkForeign(document, bad)
  const place = { destination: normalizeDestination(target, bad), readOnly }
  switch (type) {
    case 'bind':
      return { ...place, ...bindFields(document, chown, bad) }
    case 'volume':
      if (!document.Source && readOnly) {
        throw bad('must not set ReadOnly mode when using anonymous volumes')
      }
      return { ...place, ...volumeFields(document, chown, bad) }
    case 'tmpfs':
      if (document.Source) throw bad('field Source must not be specified')
      if (chown) throw bad('a tmpfs has no source to give (option U)')
      return { ...place, type, options: tmpfsOptions(document) }
  }
}

const PARTS = { BindOptions: 'bind', VolumeOptions: 'volume', TmpfsOptions: 'tmpfs' } as const

function checkForeign(document: MountDocument, bad: Bad): void {
  for (const [part, type] of Object.entries(PARTS)) {
    if (type !== document.Type && document[part as keyof typeof PARTS] !== undefined) {
      throw bad(`field ${part} must not be specified`)
    }
  }
}

type Fields<Type extends MountRequest['type']> = Omit<
  Extract<MountRequest, { type: Type }>,
  'destination' | 'readOnly'
>

function bindFields(document: MountDocument, chown: boolean, bad: Bad): Fields<'bind'> {
  const { Source: source = '', BindOptions: options = {} } = document
  if (source === '') throw bad('field Source must not be empty')
  if (!source.startsWith('/')) {
    throw bad(`invalid mount path: '${source}' mount path must be absolute`)
  }
  const propagation = options.Propagation || 'rprivate'
  if (!/^r?(private|shared|slave)$/.test(propagation)) {
    throw bad(`invalid propagation mode: ${propagation}`)
  }
  return {
    type: 'bind',
    source,
    propagation,
    recursive: !options.NonRecursive,
    mode: chown ? 'U' : '',
    createSource: options.CreateMountpoint ?? false,
    ...(chown ? { chown: true } : {}),
    ...(options.ReadOnlyNonRecursive ? { writableBelow: true } : {}),
  }
}

function volumeFields(document: MountDocument, chown: boolean, bad: Bad): Fields<'volume'> {
  const { Source: name = '', VolumeOptions: options = {} } = document
  const { Subpath: subpath = '', Labels: labels = {}, DriverConfig: driver = {} } = options
  if (subpath.startsWith('/') || subpath.split('/').includes('..')) {
    throw bad('subpath must be a relative path within the volume')
  }
  if (subpath !== '' && name === '') throw bad('must not set Subpath when using anonymous volumes')
  const driverOptions = driver.Options ?? {}
  return {
    type: 'volume',
    name,
    mode: chown ? 'z,U' : 'z',
    ...(chown ? { chown: true } : {}),
    copy: !options.NoCopy && subpath === '',
    ...(subpath === '' ? {} : { subpath }),
    ...(Object.keys(labels).length > 0 ? { labels } : {}),
    ...(Object.keys(driverOptions).length > 0 ? { driverOptions } : {}),
    ...(driver.Name ? { driver: driver.Name } : {}),
  }
}

function tmpfsOptions({ ReadOnly: readOnly, TmpfsOptions: options = {} }: MountDocument): string[] {
  const { SizeBytes: size, Mode: mode } = options
  return [
    ...(readOnly ? ['ro'] : []),
    ...(size ? [`size=${size}`] : []),
    ...(mode ? [`mode=${mode.toString(8)}`] : []),
  ]
}
