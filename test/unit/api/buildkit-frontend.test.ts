import { describe, expect, test } from 'vitest'
import { readFrontend } from '../../../api/buildkit/job/frontend.ts'
import { planCaches, planOutputs } from '../../../api/buildkit/job/outputs.ts'
import { definitionOf, resultIn } from '../../../api/buildkit/job/reference.ts'
import { loadCodecs } from '../../../api/buildkit/wire/codec.ts'
import { solveRequest } from '../../../api/buildkit/wire/types.ts'

const read = (given: Record<string, string>, frontend = 'dockerfile.v0') =>
  readFrontend(frontend, given)

describe('options of the front end', () => {
  test('are those of a build', () => {
    const { options, directories, contexts, remote } = read({
      filename: 'sub/Dockerfile.dev',
      target: 'one',
      'build-arg:A': '1',
      'build-arg:__proto__': '2',
      'label:a.b': 'c=d',
      platform: 'linux/amd64,linux/arm64',
      'no-cache': 'one,two',
      'image-resolve-mode': 'pull',
      'add-hosts': 'a=1.2.3.4,b=::1',
      'shm-size': '1024',
      ulimit: 'nofile=10:20,nproc=5',
      'force-network-mode': 'none',
      'context:other': 'local:other',
      'context:busybox::linux/amd64': 'input:base::linux/amd64',
      'vcs:source': 'x',
    })
    expect(options).toMatchObject({
      file: 'sub/Dockerfile.dev',
      target: 'one',
      labels: { 'a.b': 'c=d' },
      platforms: ['linux/amd64', 'linux/arm64'],
      noCache: false,
      noCacheFilter: ['one', 'two'],
      pull: true,
      addHosts: [
        { name: 'a', address: '1.2.3.4' },
        { name: 'b', address: '::1' },
      ],
      shmSize: 1024,
      ulimits: [
        { name: 'nofile', soft: 10, hard: 20 },
        { name: 'nproc', soft: 5, hard: 5 },
      ],
      network: 'none',
    })
    expect(Object.entries(options.buildArgs)).toEqual([
      ['A', '1'],
      ['__proto__', '2'],
    ])
    expect(directories).toEqual({ context: 'context', dockerfile: 'dockerfile' })
    expect(contexts).toEqual({ other: 'local:other', busybox: 'input:base' })
    expect(remote).toBeUndefined()
  })

  test('that say nothing are the usual ones', () => {
    const { options, question, ownDockerfile } = read({ filename: 'Dockerfile', 'no-cache': '' })
    expect(options).toMatchObject({
      file: undefined,
      noCache: true,
      network: 'default',
      ulimits: [],
    })
    expect([question, ownDockerfile]).toEqual([undefined, false])
  })

  test.each([
    ['../../etc/passwd', 'etc/passwd'],
    ['/etc/passwd', 'etc/passwd'],
    ['a/../../b', 'b'],
  ])('name no file outside of the client’s directory: %s', (filename, file) => {
    expect(read({ filename }).options.file).toBe(file)
  })

  test('tell whether a provenance was asked for', () => {
    expect(read({}).options).toMatchObject({
      attests: [],
      environment: { BUILDX_NO_DEFAULT_ATTESTATIONS: '1' },
    })
    expect(read({ 'attest:provenance': 'mode=min,inline-only=true' }).options).toMatchObject({
      attests: [],
      environment: { BUILDX_NO_DEFAULT_ATTESTATIONS: '' },
    })
    expect(read({ 'attest:provenance': 'mode=max' }).options.attests).toEqual([
      { type: 'provenance', disabled: false, attributes: { mode: 'max' } },
    ])
  })

  test('name caches in each of the ways that clients have', () => {
    const imports = JSON.stringify([{ Type: 'local', Attrs: { src: '/x', digest: 'd' } }])
    expect(read({ 'cache-from': 'a,b', 'cache-imports': imports }).cacheImports).toEqual([
      { type: 'registry', attributes: { ref: 'a' } },
      { type: 'registry', attributes: { ref: 'b' } },
      { type: 'local', attributes: { src: '/x', digest: 'd' } },
    ])
    for (const text of ['{', '{}', '[1]', '[{"Type":1}]'])
      expect(() => read({ 'cache-imports': text })).toThrow('failed to unmarshal cache-imports')
  })

  test.each([
    ['nosuch', { nosuch: '' }, 'unknown option "nosuch" of the front end'],
    ['a size', { 'shm-size': '-1' }, 'failed to parse shm-size: "-1"'],
    ['a limit', { ulimit: 'nosuch=1' }, 'invalid ulimit type: nosuch=1'],
    ['a host', { 'add-hosts': 'x' }, 'invalid host x'],
    ['a bill of materials', { 'attest:other': '' }, 'unknown attestation type "other"'],
  ])('that are wrong are refused: %s', (_, given, words) => {
    expect(() => read(given as unknown as Record<string, string>)).toThrow(words)
  })
})

describe('front ends', () => {
  test.each([
    ['docker/dockerfile:1'],
    ['docker.io/docker/dockerfile-upstream:master'],
    [`docker/dockerfile:1.4@sha256:${'0'.repeat(64)}`],
  ])('for Dockerfiles are this one: %s', (source) => {
    expect(() => read({ source, cmdline: source }, 'gateway.v0')).not.toThrow()
  })

  test.each([
    ['gateway.v0', { source: 'example.com/x' }, 'example.com/x'],
    ['gateway.v0', { source: 'evil/docker/dockerfile:1' }, 'evil/docker/dockerfile:1'],
    ['buildpacks.v0', {}, 'buildpacks.v0'],
  ])('of other kinds are refused: %s %j', (frontend, given, name) => {
    expect(() => read(given as Record<string, string>, frontend)).toThrow(
      `the front end "${name}" is not supported: only Dockerfiles are built here`,
    )
  })
})

describe('requests', () => {
  const request = (message: Parameters<typeof solveRequest.encode>[0]) =>
    solveRequest.decode(solveRequest.encode({ ref: 'r', ...message }))

  test('have outputs of both generations', async () => {
    await loadCodecs()
    const old = request({ exporterType: 'moby', exporterAttrs: { name: 'x', push: 'true' } })
    expect(planOutputs(old, '/d')).toEqual([
      {
        index: 0,
        sends: undefined,
        spec: { type: 'image', destination: undefined, attributes: { name: 'x' } },
      },
    ])
    const several = request({
      exporterType: 'moby',
      exporters: [
        { type: 'local', attrs: {} },
        { type: 'tar', attrs: {} },
      ],
    })
    expect(planOutputs(several, '/d').map(({ sends, spec }) => [sends, spec.destination])).toEqual([
      ['tree', '/d/out-0'],
      ['file', '/d/out-1'],
    ])
    expect(() => planOutputs(request({ exporterType: 'nosuch' }), '/d')).toThrow(
      'exporter "nosuch" could not be found',
    )
  })

  test('have caches of both generations', () => {
    const { cache } = request({})
    expect(cache).toBeNull()
    const both = request({
      cache: {
        exportRef: 'host/x',
        exportAttrs: { mode: 'max' },
        importRefs: [],
        imports: [],
        exports: [{ type: 'local', attrs: { dest: '/theirs' } }],
      },
    })
    expect(planCaches(both, '/d')).toEqual([
      {
        spec: { type: 'registry', attributes: { mode: 'max', ref: 'host/x' } },
        store: undefined,
      },
      { spec: { type: 'local', attributes: { dest: '/d/cache-to-1' } }, store: 'local:/theirs' },
    ])
  })

  test('name results of ours, and nothing else', async () => {
    expect(resultIn(definitionOf('abc'))).toBe('abc')
    expect(resultIn({ def: [], metadata: {} })).toBeUndefined()
    expect(() => resultIn({ def: [Buffer.from('\xff\xff')], metadata: {} })).toThrow(
      'unmarshalling',
    )
  })
})
