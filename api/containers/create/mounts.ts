import type { MountDocument } from '../../../lib/container/mount-document.ts'
import { compact } from '../../../lib/core/compact.ts'
import { badRequest } from '../../http/errors.ts'
import type { Fields } from '../../http/fields.ts'

/** `HostConfig.Mounts`, with what is known of it alone. Throws 400. */
export const readMounts = (host: Fields): MountDocument[] =>
  host.objects('Mounts', 'Mount').map(readMount)

const PARTS = { BindOptions: 'bind', VolumeOptions: 'volume', TmpfsOptions: 'tmpfs' } as const
const TYPES: ReadonlySet<string> = new Set(Object.values(PARTS))

function readMount(mount: Fields): MountDocument {
  const type = mount.text('Type', 'mount.Type')
  const foreign = Object.entries(PARTS).find(([part, own]) => own !== type && mount.has(part))
  if (foreign && TYPES.has(type)) {
    throw badRequest(`${foreign[0]} must not be specified on mount type ${JSON.stringify(type)}`)
  }
  return {
    Type: type,
    ...compact({ Source: mount.text('Source') || undefined }),
    Target: mount.text('Target'),
    ...compact({
      ReadOnly: mount.bool('ReadOnly') || undefined,
      Consistency: mount.text('Consistency') || undefined,
      BindOptions: mount.has('BindOptions') ? readBind(mount.object('BindOptions')) : undefined,
      VolumeOptions: mount.has('VolumeOptions')
        ? readVolume(mount.object('VolumeOptions'))
        : undefined,
      TmpfsOptions: mount.has('TmpfsOptions') ? readTmpfs(mount.object('TmpfsOptions')) : undefined,
    }),
  }
}

const readBind = (options: Fields): NonNullable<MountDocument['BindOptions']> =>
  compact({
    Propagation: options.text('Propagation') || undefined,
    NonRecursive: options.bool('NonRecursive') || undefined,
    CreateMountpoint: options.bool('CreateMountpoint') || undefined,
    ReadOnlyNonRecursive: options.bool('ReadOnlyNonRecursive') || undefined,
    ReadOnlyForceRecursive: options.bool('ReadOnlyForceRecursive') || undefined,
  })

function readVolume(options: Fields): NonNullable<MountDocument['VolumeOptions']> {
  const driver = options.object('DriverConfig')
  return compact({
    NoCopy: options.bool('NoCopy') || undefined,
    Labels: options.mapIfAny('Labels'),
    Subpath: options.text('Subpath') || undefined,
    DriverConfig: options.has('DriverConfig')
      ? compact({ Name: driver.text('Name') || undefined, Options: driver.mapIfAny('Options') })
      : undefined,
  })
}

const readTmpfs = (options: Fields): NonNullable<MountDocument['TmpfsOptions']> =>
  compact({
    SizeBytes: options.int('SizeBytes') || undefined,
    Mode: options.int('Mode', 'fs.FileMode') || undefined,
  })
