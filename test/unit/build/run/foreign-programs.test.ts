import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { requireHandler } from '../../../../lib/build/run/foreign-programs.ts'
import { formatPlatform, hostPlatform } from '../../../../lib/oci/platform.ts'

/** As Debian's qemu-user-static has the kernel show it. */
const S390X = `enabled
interpreter /usr/bin/qemu-s390x-static
flags: OCF
offset 0
magic 7f454c4602020100000000000000000000020016
mask ffffffffffffff00fffffffffffffffffffeffff
`

let binfmt: string
beforeEach(() => {
  binfmt = mkdtempSync(join(tmpdir(), 'binfmt-'))
})
afterEach(() => rmSync(binfmt, { recursive: true }))

const register = (entry: string, status = 'enabled\n') => {
  writeFileSync(join(binfmt, 'status'), status)
  writeFileSync(join(binfmt, 'register'), '')
  writeFileSync(join(binfmt, 'qemu-s390x'), entry)
}
const ask = (platform: string) => () => requireHandler(platform, binfmt)

test('programs of this machine need no handler', () => {
  expect(ask(formatPlatform(hostPlatform()))).not.toThrow()
})

test('others need one whose program the kernel holds', () => {
  expect(ask('linux/s390x')).toThrow('cannot run programs for linux/s390x')
  register(S390X)
  expect(ask('linux/s390x')).not.toThrow()
  expect(ask('linux/ppc64le')).toThrow('cannot run programs for linux/ppc64le')
})

test.each([
  ['switched off', S390X.replace('enabled', 'disabled'), 'enabled\n'],
  ['all switched off', S390X, 'disabled\n'],
  ['of another root file system', S390X.replace('OCF', 'OC'), 'enabled\n'],
  ['without a magic', 'enabled\ninterpreter /x\nflags: F\nextension .s390x\n', 'enabled\n'],
])('one that is %s is none', (_name, entry, status) => {
  register(entry, status)
  expect(ask('linux/s390x')).toThrow('This machine')
})

test('no handler makes another system of it', () => {
  expect(ask('windows/amd64')).toThrow('cannot run programs for windows/amd64')
})
