import { statfsSync } from 'node:fs'

/** Names of the usual file systems by their magic numbers, in the words of Docker. */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: 'extfs',
  1481003842: 'xfs',
  2435016766: 'btrfs',
  16914836: 'tmpfs',
  801189825: 'zfs',
  2035054128: 'overlayfs',
  26985: 'nfs',
  1702057286: 'fuse',
  4076150800: 'f2fs',
  19780: 'vfat',
  538032816: 'exfat',
  16914839: '9p',
  12805120: 'ceph',
  4266872130: 'smb2',
  4283649346: 'cifs',
}

/** The file system that a directory is on: `extfs`, `xfs`, …; its number in hex when it has no name here. */
export function fileSystemOf(path: string): string {
  const { type } = statfsSync(path)
  return FILE_SYSTEMS[type] ?? `0x${type.toString(16)}`
}
