import type { MountDocument } from '../../../lib/container/mount-document.ts'
import { compact } from '../../../lib/core/compact.ts'
import type { Fields } from '../../http/fields.ts'

/** `HostConfig.Mounts`, with what is known of it alone. Throws 400. */
export const readMounts = (host: Fields): MountDocument[] =>
  host.objects('Mounts', 'Mount').map(readMount)

function readMount(mount: Fields): MountDocument {
  return {
    Type: mount.text('Type') || 'volume',
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
    Mode: options.int('Mode', 'uint32') || undefined,
  })
