import { realpathSync } from 'node:fs'
import { homedir } from 'node:os'
import { LighterError } from '../core/errors.ts'
import type { Plan } from '../runtime/plan.ts'
import { volumeMount } from '../volume/options.ts'
import { volumeData } from '../volume/volume.ts'
import type { ContainerRecord, MountPoint } from './record.ts'
import type { PluginMounts } from './volume-mounts.ts'

/** What Podman keeps from the option `U`: the host would not work with other owners. */
const KEPT = new Set(
  [
    '/ /bin /boot /dev /etc /etc/passwd /etc/pki /etc/shadow /home /lib /lib64 /media /mnt /opt /proc /root /run /sbin /srv',
    '/sys /tmp /usr /usr/bin /usr/lib /usr/lib64 /usr/local /usr/sbin /var /var/lib /var/log',
  ].flatMap((paths) => paths.split(' ')),
)

/** Whether the option `U` may give this source away. Throws `bad-input`. */
export function checkGift(source: string): void {
  const path = resolved(source)
  if (!KEPT.has(path) && path !== resolved(homedir())) return
  throw new LighterError(
    'bad-input',
    `invalid mount option U: the owner of ${path} and of all below is not changed, since the host needs them as they are`,
  )
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** The sources of mounts with the option `U`. */
export function planGifts(
  data: string,
  { mounts }: ContainerRecord,
  mounted: PluginMounts | undefined,
): Pick<Plan, 'give'> {
  return {
    give: mounts.flatMap((mount) =>
      mount.type === 'tmpfs' || !mount.chown ? [] : [giftOf(data, mount, mounted)],
    ),
  }
}

function giftOf(
  data: string,
  mount: Exclude<MountPoint, { type: 'tmpfs' }>,
  mounted: PluginMounts | undefined,
): { source: string; subpath?: string } {
  if (mount.type === 'bind') {
    // Anew at each start: a link may lead elsewhere by now.
    checkGift(mount.source)
    return { source: mount.source }
  }
  const own = volumeMount(mount.driverOptions)
  const place = own?.type === 'bind' ? own.source : volumeData(data, mount.name)
  if (own?.type === 'bind') checkGift(place)
  return {
    source: mounted?.places.get(mount.destination) ?? place,
    ...(mount.subpath === undefined ? {} : { subpath: mount.subpath }),
  }
}
