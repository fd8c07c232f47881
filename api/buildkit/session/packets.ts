/** Packets of fsutil's protocol (https://github.com/tonistiigi/fsutil, types/wire.proto). */
export const PACKET = { STAT: 0, REQ: 1, DATA: 2, FIN: 3, ERR: 4 } as const

/** Bits of Go's file modes (https://pkg.go.dev/io/fs#FileMode), which are not those of the kernel. */
const GO = {
  DIRECTORY: 0x8000_0000,
  SYMLINK: 0x0800_0000,
  DEVICE: 0x0400_0000,
  PIPE: 0x0200_0000,
  SOCKET: 0x0100_0000,
  SETUID: 0x0080_0000,
  SETGID: 0x0040_0000,
  CHARACTER: 0x0020_0000,
  STICKY: 0x0010_0000,
  IRREGULAR: 0x0008_0000,
} as const

export type EntryKind = 'file' | 'directory' | 'symlink' | 'other'

/** What kind of entry a mode of Go's is of. */
export function kindOf(mode: number): EntryKind {
  if ((mode & GO.DIRECTORY) !== 0) return 'directory'
  if ((mode & GO.SYMLINK) !== 0) return 'symlink'
  const special = GO.DEVICE | GO.PIPE | GO.SOCKET | GO.CHARACTER | GO.IRREGULAR
  return (mode & special) === 0 ? 'file' : 'other'
}

/** Permission bits with set-id bits and the sticky bit, as the kernel has them. */
export const permissionsOf = (mode: number): number =>
  (mode & 0o777) |
  ((mode & GO.SETUID) !== 0 ? 0o4000 : 0) |
  ((mode & GO.SETGID) !== 0 ? 0o2000 : 0) |
  ((mode & GO.STICKY) !== 0 ? 0o1000 : 0)

/** Go's mode of an entry. */
export const goMode = (kind: 'file' | 'directory' | 'symlink', permissions: number): number =>
  ((permissions & 0o777) |
    ((permissions & 0o4000) !== 0 ? GO.SETUID : 0) |
    ((permissions & 0o2000) !== 0 ? GO.SETGID : 0) |
    ((permissions & 0o1000) !== 0 ? GO.STICKY : 0) |
    (kind === 'directory' ? GO.DIRECTORY : kind === 'symlink' ? GO.SYMLINK : 0)) >>>
  0
