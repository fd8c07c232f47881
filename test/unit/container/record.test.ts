import { describe, expect, test } from 'vitest'
import { isAbandoned } from '../../../lib/container/condition.ts'
import { decideRecord } from '../../../lib/container/decide.ts'
import type { ContainerRecord, MountPoint } from '../../../lib/container/record.ts'
import type { CreateRequest } from '../../../lib/container/request.ts'
import { buildMounts } from '../../../lib/container/spec/mounts.ts'
import type { ContainerState } from '../../../lib/container/state.ts'
import { newContainerId, parseDigest } from '../../../lib/core/ids.ts'
import { ownIdentity } from '../../../lib/host/process.ts'

const IMAGE = {
  id: parseDigest(`sha256:${'a'.repeat(64)}`),
  layers: [],
  defaults: {
    user: '',
    env: [],
    entrypoint: [],
    cmd: ['sh'],
    workingDir: '',
    labels: {},
    volumes: [],
    exposedPorts: [],
    stopSignal: '',
  },
}

const REQUEST: CreateRequest = {
  image: 'x',
  command: [],
  name: undefined,
  entrypoint: undefined,
  env: [],
  labels: {},
  user: undefined,
  groups: [],
  workingDir: undefined,
  hostname: undefined,
  tty: false,
  openStdin: false,
  attach: { stdin: false, stdout: true, stderr: true },
  autoRemove: false,
  startsAtOnce: true,
  binds: [],
  mounts: [],
  tmpfs: {},
  connections: { mode: 'bridge', exposed: [], published: [] },
  domainname: undefined,
  options: {},
  init: false,
  readOnly: false,
  privileged: false,
  capAdd: [],
  capDrop: [],
  securityOpt: [],
  stopSignal: undefined,
  stopTimeout: undefined,
  runtime: undefined,
  cidFile: undefined,
  noHealthcheck: false,
  consoleSize: [0, 0],
}

const record = (wishes: Partial<CreateRequest> = {}): ContainerRecord =>
  decideRecord(IMAGE, { ...REQUEST, ...wishes }, newContainerId(), 'overlay')

const bind = (destination: string): MountPoint => ({
  type: 'bind',
  source: '/source',
  destination,
  mode: '',
  readOnly: false,
  propagation: 'rprivate',
  recursive: true,
})

describe('mounts', () => {
  const order = (...mounts: MountPoint[]): string[] =>
    buildMounts(
      { ...record(), mounts },
      { data: '/d', directory: '/c', files: '/c', nativeProgram: '/n' },
    ).map(({ destination }) => destination)

  test('a mount below another one comes after it, the files of /etc too', () => {
    const places = order(bind('/a/b'), bind('/etc'), bind('/a'))
    expect(places.indexOf('/a')).toBeLessThan(places.indexOf('/a/b'))
    expect(places.indexOf('/etc')).toBeLessThan(places.indexOf('/etc/hosts'))
  })

  test('what the user mounts takes the place of our own', () => {
    expect(order(bind('/etc/hosts')).filter((path) => path === '/etc/hosts')).toHaveLength(1)
    expect(order(bind('/dev'))).not.toContain('/dev/pts')
  })
})

test('a host name that the kernel does not take is refused', () => {
  expect(() => record({ hostname: 'a'.repeat(65) })).toThrow(/longer than 64 bytes/)
  expect(record({ hostname: 'ä'.repeat(32) }).config.hostname).toHaveLength(32)
})

describe('abandoned containers', () => {
  const dead = { pid: 1, startTime: '1', bootId: 'another boot' }
  const exited: ContainerState = {
    status: 'exited',
    exitCode: 137,
    oomKilled: false,
    error: '',
    startedAt: '',
    finishedAt: '',
    restartCount: 0,
  }

  test.each<[string, boolean, ContainerRecord['starter'], ContainerState, boolean]>([
    ['ended with --rm', true, dead, exited, true],
    ['ended without', false, dead, exited, false],
    ['never started, its maker dead', true, dead, { status: 'created' }, true],
    ['never started, its maker alive', true, ownIdentity(), { status: 'created' }, false],
    ['made to be started later', true, undefined, { status: 'created' }, false],
  ])('%s', (_, autoRemove, starter, state, expected) => {
    const made = { ...record({ autoRemove }), ...(starter ? { starter } : {}) }
    expect(isAbandoned({ record: made, directory: '/c', state })).toBe(expected)
  })
})
