import { expect, test } from 'vitest'
import { decideCommand } from '../../../lib/container/decide.ts'
import { parseLogLine } from '../../../lib/container/log-record.ts'
import { parseBind } from '../../../lib/container/mount-request.ts'
import { parseName, randomName } from '../../../lib/container/names.ts'
import { signalNumber } from '../../../lib/container/signals.ts'
import { resolveCapabilities } from '../../../lib/container/spec/capabilities.ts'
import { mergeEnvironment } from '../../../lib/container/spec/process.ts'
import { defaultSeccomp } from '../../../lib/container/spec/seccomp.ts'
import { interpretState } from '../../../lib/container/state.ts'
import { formatStatus } from '../../../lib/container/status.ts'
import { formatSpan } from '../../../lib/core/units.ts'
import { formatResolvConf, furtherServers } from '../../../lib/network/files.ts'

test.each([
  ['/a:/b:ro', { type: 'bind', source: '/a', destination: '/b', readOnly: true }],
  ['/a/../c:/b/', { type: 'bind', source: '/c', destination: '/b', readOnly: false }],
  ['/a:/b:rw,rshared', { propagation: 'rshared' }],
  ['vol:/data:nocopy', { type: 'volume', name: 'vol', copy: false }],
  ['/data', { type: 'volume', name: '', destination: '/data' }],
])('-v %s', (text, expected) => {
  expect(parseBind(text)).toMatchObject(expected)
})

test.each([
  ['/a:/b:ro:x', "invalid volume specification: '/a:/b:ro:x'"],
  ['/b:ro', "invalid volume specification: '/b:ro'"],
  ['/a:/b:nocopy', 'field VolumeOptions must not be specified'],
  ['a1:/b:shared', 'field BindOptions must not be specified'],
  ['/a:/b:foo', 'invalid mode: foo'],
  ['a1:/b:ro,rw', 'invalid mode: ro,rw'],
  ['/:/', "destination can't be '/'"],
  ['/a:rel', "'rel' mount path must be absolute"],
])('-v %s is refused', (text, reason) => {
  expect(() => parseBind(text)).toThrow(reason)
})

test.each([
  [0, 'Less than a second'],
  [1000, '1 second'],
  [59_999, '59 seconds'],
  [60_000, 'About a minute'],
  [3 * 60_000, '3 minutes'],
  [3_600_000, 'About an hour'],
  [47 * 3_600_000, '47 hours'],
  [48 * 3_600_000, '2 days'],
  [14 * 86_400_000, '2 weeks'],
  [60 * 86_400_000, '2 months'],
  [730 * 86_400_000, '2 years'],
])('%i ms is %s', (age, text) => {
  expect(formatSpan(age)).toBe(text)
})

test('a running container whose monitor died reads as killed', () => {
  const identity = { pid: 1, startTime: '1', bootId: 'b' }
  const startedAt = new Date(0).toISOString()
  const document = { ...identity, status: 'running' as const, monitor: identity, startedAt }
  expect(interpretState(document, () => true).status).toBe('running')
  const lost = interpretState(document, () => false)
  expect(lost).toMatchObject({ status: 'exited', exitCode: 137, error: 'monitor lost' })
  expect(formatStatus(lost, 7_200_000)).toBe('Exited (137) 2 hours ago')
  const finishedAt = (last: string) =>
    interpretState(
      document,
      () => false,
      () => last,
    )
  const later = '1970-01-01T01:00:00.000000000Z'
  expect(finishedAt(later)).toMatchObject({ startedAt, finishedAt: later })
  expect(finishedAt('1969-01-01T00:00:00.000000000Z')).toMatchObject({ finishedAt: startedAt })
})

test('an entrypoint of the user drops the command of the image', () => {
  const image = { entrypoint: ['/e'], cmd: ['c'] }
  const decide = (entrypoint: string[] | undefined, command: string[]) =>
    decideCommand(image, { entrypoint, command })
  expect(decide(undefined, [])).toEqual({ entrypoint: ['/e'], cmd: ['c'] })
  expect(decide(undefined, ['x'])).toEqual({ entrypoint: ['/e'], cmd: ['x'] })
  expect(decide(['/u'], [])).toEqual({ entrypoint: ['/u'], cmd: null })
  expect(decide(['/u', '-v'], ['x'])).toEqual({ entrypoint: ['/u', '-v'], cmd: ['x'] })
  expect(decide([''], ['x'])).toEqual({ entrypoint: null, cmd: ['x'] })
  expect(decide([''], [])).toEqual({ entrypoint: null, cmd: null })
  // An empty list, as the API may send, takes away the entrypoint alone.
  expect(decide([], [])).toEqual({ entrypoint: null, cmd: ['c'] })
})

test('an entry without = takes a variable away', () => {
  expect(mergeEnvironment(['A=1', 'B=2'], ['A=3', 'B', 'C=4', '=x'])).toEqual(['A=3', 'C=4'])
  // As Docker: what only the flags have is not taken back by one of them.
  expect(mergeEnvironment(['A=1'], ['B=2', 'B', 'A'])).toEqual(['B=2'])
})

test('capabilities: ALL, drops and additions', () => {
  const wish = { privileged: false, capAdd: [], capDrop: [] }
  expect(resolveCapabilities(wish)).toHaveLength(14)
  expect(resolveCapabilities({ ...wish, capDrop: ['all'], capAdd: ['net_raw'] })).toEqual([
    'CAP_NET_RAW',
  ])
  expect(resolveCapabilities({ ...wish, capAdd: ['ALL'], capDrop: ['chown'] })).toHaveLength(40)
  expect(() => resolveCapabilities({ ...wish, capAdd: ['foo'] })).toThrow('"CAP_FOO"')
})

test('the default filter refuses AF_ALG, new namespaces, and hangs calls on capabilities', () => {
  const plain = defaultSeccomp(new Set(), 'x64')
  const names = (profile: typeof plain) => profile.syscalls?.flatMap((rule) => rule.names)
  const sockets = plain.syscalls?.filter((rule) => rule.names.includes('socket')) ?? []
  const refused = Array.from({ length: 64 }, (_, family) => family).filter(
    (family) =>
      !sockets.some(({ args }) => {
        const { op, value, valueTwo } = args?.[0] ?? {}
        // A comparison of more than the low 32 bits could be passed by by setting others.
        expect(op).toBe('SCMP_CMP_MASKED_EQ')
        return (family & (value ?? 0)) >>> 0 === valueTwo
      }),
  )
  expect(refused).toEqual([38, 40])
  expect(names(plain)).not.toContain('mount')
  expect(names(plain)).not.toContain('keyctl')
  expect(names(defaultSeccomp(new Set(['CAP_SYS_ADMIN']), 'x64'))).toContain('mount')
})

test.each([
  ['9', 9],
  ['kill', 9],
  ['SIGTERM', 15],
  ['RTMIN+3', 37],
])('signal %s', (text, number) => {
  expect(signalNumber(text)).toBe(number)
})

test('names', () => {
  expect(parseName('/box-1')).toBe('box-1')
  expect(() => parseName('a/b')).toThrow('Invalid container name (a/b)')
  expect(randomName(0)).toMatch(/^[a-z]+_[a-z]+$/)
})

test('a damaged log line is left out', () => {
  expect(parseLogLine('{"log":"x\\n","stream":"stderr","time":"t"}')).toMatchObject({ text: 'x\n' })
  expect(parseLogLine('{"log":"x')).toBeUndefined()
})

test.each([
  ['nameserver 192.0.2.1\n', []],
  ['', []],
  ['nameserver 127.0.0.53\nnameserver 192.0.2.2\n', ['192.0.2.2']],
  ['nameserver 192.0.2.1\n nameserver\t192.0.2.2 \nnameserver 127.0.0.1', ['192.0.2.2']],
  ['nameserver fe80::1%eth0\nnameserver 192.0.2.1\nnameserver 192.0.2.2', ['192.0.2.2']],
  ['1 2 3 4'.replace(/\d/g, 'nameserver 192.0.2.$&\n'), ['192.0.2.2', '192.0.2.3']],
])('the servers of the host that are asked after its first: %j', (text, further) => {
  expect(furtherServers(text)).toEqual(further)
})

test('resolv.conf keeps search and options of the host', () => {
  const host = 'nameserver 127.0.0.53\nsearch a b\noptions ndots:2\n'
  expect(formatResolvConf(host, { dns: ['10.0.2.3'] })).toContain(
    'nameserver 10.0.2.3\nsearch a b\noptions ndots:2',
  )
  expect(formatResolvConf(host, {})).not.toContain('127.0.0.53')
})
