import { isErrno } from '../core/errors.ts'

const TEXTS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'operation not permitted',
  EROFS: 'read-only file system',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
  ENOENT: 'no such file or directory',
  ENOSPC: 'no space left on device',
  EDQUOT: 'disk quota exceeded',
  ELOOP: 'too many levels of symbolic links',
  ENAMETOOLONG: 'file name too long',
}

/** The text of a system error as Docker's messages have it. What is none, or is a rarer one, is thrown again. */
export function errnoText(error: unknown): string {
  const name = Object.keys(TEXTS).find((candidate) => isErrno(error, candidate))
  if (name === undefined) throw error
  return TEXTS[name] ?? ''
}
