import { describe, expect, test } from 'vitest'
import { accountOf } from '../../../lib/container/account.ts'

const uid = process.getuid?.() ?? 0
const gid = process.getgid?.() ?? 0
const other = uid + 4711

type Record_ = Parameters<typeof accountOf>[1]
const record = (workingDir: string, ...places: string[]): Record_ =>
  ({
    config: { workingDir },
    mounts: places.map((destination) => ({ type: 'bind', destination })),
  }) as unknown as Record_

const host = {
  passwd: `me:x:${uid}:${gid}:Me, Myself:/home/me:/bin/zsh\nlp:x:${other}:7:printer:/var/lp:/bin/false\n`,
  group: `us:x:${gid}:me\nlp:x:${other}:\n`,
}

describe('the user that keep-id keeps, as Podman 5.4 names it', () => {
  test('the caller', () => {
    expect(accountOf({ uid, gid }, record(''), host)).toEqual({
      passwd: `me:*:${uid}:${gid}:Me, Myself:/:/bin/sh`,
      group: `us:x:${gid}:me`,
    })
  })

  test('at home where that is mounted, else where it works', () => {
    const home = (...places: string[]) =>
      accountOf({ uid, gid }, record('/work', ...places), host).passwd.split(':')[5]
    expect(home()).toBe('/work')
    expect(home('/home/me')).toBe('/home/me')
    expect(home('/home/')).toBe('/home/me')
    expect(home('/')).toBe('/work')
  })

  test('other ids have the name that the host has for them, or none', () => {
    expect(accountOf({ uid: other, gid: 8 }, record(''), host)).toEqual({
      passwd: `lp:*:${other}:8:printer:/:/bin/sh`,
      group: `8:x:8:${other}`,
    })
    expect(accountOf({ uid: other + 1, gid: 8 }, record('/a:b\nc'), host).passwd).toBe(
      `${other + 1}:*:${other + 1}:8:container user:/a_b_c:/bin/sh`,
    )
  })
})
