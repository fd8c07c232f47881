import { describe, expect, test } from 'vitest'
import { formatRows, probeForSize } from '../../../../cli/output/container-format.ts'
import type { ContainerWithState } from '../../../../lib/container/catalog.ts'
import { filterContainers } from '../../../../lib/container/filter.ts'
import { formatPorts } from '../../../../lib/container/ports.ts'
import { alignColumns } from '../../../../lib/format/tabwriter.ts'

const NOW = Date.parse('2026-11-25T20:00:00Z')

interface Wishes {
  name: string
  labels?: Record<string, string>
  exitCode?: number
  running?: boolean
  ports?: string[]
}

/** A container as far as `ps` looks at it; the first letter of its name is its id, over and over. */
function container({
  name,
  labels = {},
  exitCode,
  running,
  ports = [],
}: Wishes): ContainerWithState {
  const startedAt = '2026-11-25T19:57:00Z'
  const state = running
    ? { status: 'running', startedAt, networks: [{ address: '10.0.0.2' }], ports: [] }
    : exitCode === undefined
      ? { status: 'created' }
      : { status: 'exited', exitCode, startedAt, finishedAt: '2026-11-25T18:00:00Z' }
  return {
    directory: '/nonexistent',
    record: {
      id: name.charAt(0).repeat(64),
      name,
      image: 'docker.io/library/busybox:1@sha256:0123',
      imageId: 'sha256:1',
      createdAt: '2026-11-25T19:50:00Z',
      config: { entrypoint: null, cmd: ['sh', '-c', '<a> b'], labels, exposedPorts: ports },
      host: { networkMode: 'bridge' },
      mounts: [
        { type: 'volume', name: 'a-volume-with-a-long-name', destination: '/v' },
        { type: 'bind', source: '/src', destination: '/b' },
      ],
    },
    state,
  } as unknown as ContainerWithState
}

const all = [
  container({ name: 'delta', exitCode: 3 }),
  container({ name: 'charlie' }),
  container({ name: 'bravo', running: true, ports: ['70/tcp', '71-72/udp'], labels: { x: '' } }),
  container({ name: 'alpha', exitCode: 0, labels: { x: '1', 'a.b-c_d': 'two' } }),
]

const view = { whole: false, now: NOW }
const none = { find: () => ({ record: { id: '' } }), imageId: () => undefined }

describe('filters', () => {
  const names = (...filters: [string, string[]][]): string =>
    filterContainers(all, new Map(filters), {
      find: (text) => ({ record: { id: text.charAt(0).repeat(64) } }),
      imageId: (text) => (text === 'busybox' ? 'sha256:1' : undefined),
    })
      .map(({ record }) => record.name)
      .join(' ')

  test.each<[string, string[], string]>([
    ['name', ['lph'], 'alpha'],
    ['name', ['^/al', '^br'], 'bravo alpha'],
    ['name', ['('], ''],
    ['id', ['aaaa'], 'alpha'],
    ['label', ['x'], 'bravo alpha'],
    ['label', ['x='], 'bravo'],
    ['label', ['x', 'a.b-c_d=two'], 'alpha'],
    ['label', ['constructor'], ''],
    ['status', ['created', 'running'], 'charlie bravo'],
    ['exited', ['3'], 'delta'],
    ['exited', ['0'], 'alpha'],
    ['before', ['charlie'], 'bravo alpha'],
    ['since', ['bravo'], 'delta charlie'],
    ['ancestor', ['busybox'], 'delta charlie bravo alpha'],
    ['ancestor', ['other'], ''],
    ['volume', ['a-volume-with-a-long-name'], 'delta charlie bravo alpha'],
    ['volume', ['/src'], 'delta charlie bravo alpha'],
    ['volume', ['/nowhere'], ''],
    ['network', ['host'], ''],
    ['expose', ['70'], 'bravo'],
    ['expose', ['60-80/udp'], 'bravo'],
    ['expose', ['71'], ''],
    ['publish', ['70'], ''],
    ['health', ['none'], 'delta charlie bravo alpha'],
    ['is-task', ['true'], ''],
    ['isolation', ['whatever'], 'delta charlie bravo alpha'],
  ])('%s=%j', (name, values, expected) => expect(names([name, values])).toBe(expected))

  test.each<[string, string, string]>([
    ['status', 'nope', "invalid filter 'status=nope'"],
    ['nope', '1', "invalid filter 'nope'"],
    ['exited', 'x', `invalid filter 'exited=x': strconv.Atoi: parsing "x": invalid syntax`],
    ['health', 'nope', 'unrecognized filter value for health: nope'],
    ['is-task', 'x', "invalid filter 'is-task=[x]'"],
    [
      'publish',
      '99999',
      'error while looking up for publish 99999: strconv.ParseUint: parsing "99999": value out of range',
    ],
  ])('%s=%s is refused', (name, value, message) => {
    expect(() => filterContainers(all, new Map([[name, [value]]]), none)).toThrow(message)
  })
})

describe('formats', () => {
  test.each([
    [
      '{{.Names}} {{.State}} {{.Status}}',
      'bravo running Up 3 minutes\nalpha exited Exited (0) 2 hours ago\n',
    ],
    ['table {{.Names}}\\t{{.Label "a.b-c_d"}}', 'NAMES     b c d\nbravo     \nalpha     two\n'],
    ['table {{upper .Names}}', 'NAMES\nBRAVO\nALPHA\n'],
    ['{{.Image}} {{.Mounts}} {{.LocalVolumes}}', 'busybox:1 a-volume-with-…,/src 1\n'.repeat(2)],
    ['{{.Ports}}|', '70/tcp, 71-72/udp|\n|\n'],
  ])('%s', (format, expected) => {
    expect(formatRows(view, format, all.slice(2))).toBe(expected)
  })

  test('json: members in order, safe in a page of HTML', () => {
    const row = JSON.parse(formatRows(view, 'json', all.slice(0, 1)))
    expect(Object.keys(row).join(' ')).toBe(
      'Command CreatedAt ID Image Labels LocalVolumes Mounts Names Networks Ports RunningFor Size State Status',
    )
    expect(formatRows(view, '{{json .}}', all.slice(0, 1))).toContain("'\\u003ca\\u003e b'")
  })

  test.each([
    ['{{.Size}}', true],
    ['{{json .}}', true],
    ['json', false],
    ['{{if false}}{{.Size}}{{end}}{{.ID}}', false],
  ])('whether %s asks for sizes', (format, expected) => {
    expect(probeForSize(format)).toBe(expected)
  })

  test.each([
    ['{{', 'failed to parse template: template: :1: unclosed action'],
    [
      'table {{.Nope}}',
      `failed to execute template: template: :1:8: executing "" at <.Nope>: can't evaluate field Nope in type *formatter.ContainerContext`,
    ],
    [
      '{{.Label}}',
      'failed to execute template: template: :1:2: executing "" at <.Label>: wrong number of args for Label: want 1 got 0',
    ],
  ])('%s is refused', (format, message) => expect(() => probeForSize(format)).toThrow(message))
})

test('ports are put together as in Docker', () => {
  const port = (inside: number, protocol: string, address?: string, outside?: number) => ({
    inside,
    protocol,
    ...(address === undefined ? {} : { address }),
    ...(outside === undefined ? {} : { outside }),
  })
  expect(
    formatPorts([
      port(80, 'tcp', '0.0.0.0', 18080),
      port(71, 'udp'),
      port(70, 'tcp'),
      port(53, 'udp', '127.0.0.1', 1053),
      port(9001, 'tcp', '0.0.0.0', 9001),
      port(9000, 'tcp', '0.0.0.0', 9000),
      port(72, 'udp'),
    ]),
  ).toBe(
    '70/tcp, 71-72/udp, 0.0.0.0:9000-9001->9000-9001/tcp, 127.0.0.1:1053->53/udp, 0.0.0.0:18080->80/tcp',
  )
})

test('columns are made of neighbouring lines', () => {
  expect(alignColumns('NAMES\tx\ty\tz\nlonger-name\t\tz\nb\tx\ty\tz\n')).toBe(
    'NAMES         x         y         z\nlonger-name             z\nb             x         y         z\n',
  )
})
