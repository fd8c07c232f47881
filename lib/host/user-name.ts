import { userInfo } from 'node:os'

/** The name of whoever runs this; the number where the user database knows none. */
export function userName(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}
