import { describe, expect, test } from 'vitest'
import { configBytes } from '../../../lib/build/export/config.ts'
import {
  type BuildFacts,
  formatProvenance,
  packageUrl,
  subjectsOf,
} from '../../../lib/build/export/provenance.ts'
import { withoutEnd } from '../../../lib/build/export/tar.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'
import type { Digest } from '../../../lib/core/ids.ts'
import { archiveBytes } from '../../../lib/image/archive-writer.ts'

const digest = (digit: string): Digest => `sha256:${digit.repeat(64)}` as Digest
const AMD64 = { os: 'linux', architecture: 'amd64', variant: '' }

describe('a configuration', () => {
  const config = {
    os: 'linux',
    architecture: 'arm',
    variant: 'v7',
    docker_version: '20.10',
    author: '',
    created: '2026-01-02T03:04:05.67Z',
    config: {
      Labels: { z: '<&>', a: '1' },
      Hostname: 'left-out',
      Shell: ['/bin/sh'],
      Cmd: ['sh'],
      Volumes: {},
      Healthcheck: { Retries: 3, Test: ['NONE'], Interval: 0 },
      ArgsEscaped: true,
      Env: ['A=b'],
    },
    history: [
      { created_by: 'base', created: '2030-01-01T00:00:00Z' },
      {
        empty_layer: true,
        comment: 'c',
        created_by: 'ENV A=b',
        created: '2026-01-02T03:04:05.67Z',
      },
    ],
  }
  const image = { config, base: { layers: 1, history: 1 } }

  test('is written as BuildKit writes it', () => {
    expect(configBytes(image, [digest('1')], { epoch: undefined }).toString()).toBe(
      `{"architecture":"arm","config":{"Env":["A=b"],"Cmd":["sh"],"Labels":{"a":"1","z":"\\u003c\\u0026\\u003e"},"ArgsEscaped":true,"Healthcheck":{"Test":["NONE"],"Retries":3},"Shell":["/bin/sh"]},"created":"2026-01-02T03:04:05.67Z","history":[{"created":"2030-01-01T00:00:00Z","created_by":"base"},{"created":"2026-01-02T03:04:05.67Z","created_by":"ENV A=b","comment":"c","empty_layer":true}],"os":"linux","rootfs":{"type":"layers","diff_ids":["${digest('1')}"]},"variant":"v7"}`,
    )
  })

  test('says nothing later than the epoch, but of its base', () => {
    const epoch = new Date(1e12)
    const bytes = configBytes(image, [], { epoch, inlineCache: 'W10=' })
    const document = JSON.parse(bytes.toString())
    expect(document.created).toBe('2001-09-09T01:46:40Z')
    expect(document.history.map(({ created }: { created: string }) => created)).toEqual([
      '2030-01-01T00:00:00Z',
      '2001-09-09T01:46:40Z',
    ])
    expect(document['moby.buildkit.cache.v0']).toBe('W10=')
  })
})

describe('a provenance', () => {
  const options = {
    context: '.',
    file: 'some/Dockerfile.web',
    contexts: {},
    target: 'web',
    buildArgs: { TOKEN: 'secret' },
    labels: {},
    secrets: [{ id: 'key', env: 'KEY' }],
    ssh: [],
    noCache: false,
    network: 'default',
  } as unknown as BuildOptions
  const facts: BuildFacts = {
    startedAt: new Date(0),
    finishedAt: new Date(1500),
    epoch: undefined,
    dockerfile: { name: 'Dockerfile.web', text: 'FROM x\n' },
  }
  const wish = { mode: 'min' as const, builderId: 'http://b', reproducible: false, explicit: true }
  const format = (mode: 'min' | 'max', more: Partial<BuildFacts> = {}) => {
    const subject = subjectsOf(['docker.io/a/b:1'], AMD64, digest('2'))
    const materials = [{ uri: 'pkg:docker/x@1', digest: { sha256: '3'.repeat(64) } }]
    const image = { materials }
    return formatProvenance(options, image, subject, { ...wish, mode }, { ...facts, ...more })
  }

  test('of mode min keeps arguments to itself, and says so', () => {
    const statement = JSON.parse(format('min').toString())
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v0.1',
      predicateType: 'https://slsa.dev/provenance/v0.2',
      subject: [
        { name: 'pkg:docker/a/b@1?platform=linux%2Famd64', digest: { sha256: '2'.repeat(64) } },
      ],
      predicate: {
        builder: { id: 'http://b' },
        invocation: {
          configSource: { entryPoint: 'Dockerfile.web' },
          parameters: { args: { target: 'web' } },
        },
        metadata: {
          buildStartedOn: '1970-01-01T00:00:00Z',
          buildFinishedOn: '1970-01-01T00:00:01.5Z',
          completeness: { parameters: false },
        },
      },
    })
    expect(format('min').toString()).not.toContain('secret')
  })

  test('of mode max tells them, and the Dockerfile', () => {
    const { predicate } = JSON.parse(format('max').toString())
    expect(predicate.invocation.parameters).toMatchObject({
      args: { 'build-arg:TOKEN': 'secret', target: 'web' },
      secrets: [{ id: 'key', optional: true }],
    })
    const { source } = predicate.metadata['https://mobyproject.org/buildkit@v1#metadata']
    expect(Buffer.from(source.infos[0].data, 'base64').toString()).toBe('FROM x\n')
  })

  test('with an epoch is the same twice', () => {
    const epoch = new Date(1e12)
    expect(format('min', { epoch })).toEqual(
      format('min', { epoch, startedAt: new Date(), finishedAt: new Date() }),
    )
  })

  test.each([
    ['docker.io/library/busybox:1', 'pkg:docker/busybox@1?platform=linux%2Famd64'],
    ['127.0.0.1:5000/a/b:v1', 'pkg:docker/127.0.0.1%3A5000/a/b@v1?platform=linux%2Famd64'],
  ])('calls %s %s', (name, url) => {
    expect(packageUrl(name, AMD64)).toBe(url)
  })
})

test.each([1, 7, 512, 100_000])(
  'archives without their ends, in pieces of %i bytes',
  async (size) => {
    const member = (name: string, length: number) => ({
      name,
      kind: 'document' as const,
      bytes: Buffer.alloc(length, 'x'),
    })
    const all: Buffer[] = []
    for await (const chunk of archiveBytes([member('a', 600), member('b', 0), member('c', 512)]))
      all.push(chunk)
    const whole = Buffer.concat(all)
    async function* pieces() {
      for (let at = 0; at < whole.length; at += size) yield whole.subarray(at, at + size)
    }
    const kept: Buffer[] = []
    for await (const chunk of withoutEnd(pieces())) kept.push(chunk)
    expect(Buffer.concat(kept).equals(whole.subarray(0, whole.length - 1024))).toBe(true)
  },
)
