import { constants } from 'node:fs'

/** The bits of a kind of file in Go's `fs.FileMode`. */
const KINDS: Readonly<Record<number, number>> = {
  [constants.S_IFREG]: 0,
  [constants.S_IFDIR]: 2 ** 31,
  [constants.S_IFLNK]: 2 ** 27,
  [constants.S_IFBLK]: 2 ** 26,
  [constants.S_IFIFO]: 2 ** 25,
  [constants.S_IFSOCK]: 2 ** 24,
  [constants.S_IFCHR]: 2 ** 26 + 2 ** 21,
}

const SET_IDS = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const

/** A mode of the kernel as Go writes it. */
export function goMode(mode: number): number {
  const set = SET_IDS.filter(([bit]) => mode & bit).reduce((sum, [, own]) => sum + own, 0)
  return (KINDS[mode & constants.S_IFMT] ?? 0) + set + (mode & 0o777)
}
