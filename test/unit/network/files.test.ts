import { expect, test } from 'vitest'
import { resolvConf } from '../../../lib/network/files.ts'

test.each([
  [{ dnsOptions: ['ndots:3'] }, 'override'],
  [{ dnsOptions: ['timeout:1'] }, 'internal'],
])('where ndots is from: %j is %s', (wishes, source) => {
  expect(resolvConf('own', wishes, true)).toContain(`\n# Option ndots from: ${source}\n`)
})
