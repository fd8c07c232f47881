import { describe, expect, test } from 'vitest'
import { parsePublish } from '../../../../cli/flags/ports.ts'

const port = (inside: string, hostPort: string, hostIp = '') => ({ port: inside, hostIp, hostPort })

describe('--publish', () => {
  test.each([
    ['80', [port('80/tcp', '')]],
    ['8080:80/UDP', [port('80/udp', '8080')]],
    ['[::1]::80', [port('80/tcp', '', '::1')]],
    ['8000-8001:90-91', [port('90/tcp', '8000'), port('91/tcp', '8001')]],
    ['8000-8009:90', [port('90/tcp', '8000-8009')]],
    ['target=80', [port('80/tcp', '')]],
    ['published=8080,target=80,protocol=udp,mode=host', [port('80/udp', '8080')]],
  ])('%s', (text, bindings) => {
    expect(parsePublish(text)).toEqual(bindings)
  })

  test.each([
    ['70000', 'Invalid containerPort: 70000'],
    ['=5', "invalid publish opts format (should be name=value but got '=5')"],
    ['target=80,b', "invalid publish opts format (should be name=value but got 'b')"],
    ['published=90', 'No port specified: 90:/tcp<empty>'],
    ['target=80,protocol=foo', 'Invalid proto: foo'],
  ])('%s is refused', (text, sentence) => {
    expect(() => parsePublish(text)).toThrow(sentence)
  })
})
