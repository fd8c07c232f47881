import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { readHostFile, resolvConf } from '../../../lib/network/files.ts'

test('what is no file has nothing to say, and is not waited for', () => {
  const directory = mkdtempSync(join(tmpdir(), 'lighter-files-'))
  const at = (name: string): string => join(directory, name)
  execFileSync('mkfifo', [at('fifo')])
  mkdirSync(at('directory'))
  writeFileSync(at('file'), 'nameserver 192.0.2.1\n')
  expect(readHostFile(at('file'))).toBe('nameserver 192.0.2.1\n')
  const others = [at('fifo'), at('directory'), at('nothing'), '/dev/zero', '/dev/full']
  expect(others.map(readHostFile)).toEqual(others.map(() => ''))
  rmSync(directory, { recursive: true })
})

test.each([
  [{ dnsOptions: ['ndots:3'] }, 'override'],
  [{ dnsOptions: ['timeout:1'] }, 'internal'],
])('where ndots is from: %j is %s', (wishes, source) => {
  expect(resolvConf('own', wishes, true)).toContain(`\n# Option ndots from: ${source}\n`)
})
