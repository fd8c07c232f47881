import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { writeAttestedLayout } from '../fixtures/attested.ts'
import { makeImageLayouts } from '../fixtures/images.ts'
import { isBlob, startFront } from '../helpers/front.ts'
import { bcrypt, startRegistryWith } from '../helpers/registries.ts'
import { type Registry, startRegistry } from '../helpers/registry.ts'
import { digestOf, fetchAll, raw } from '../helpers/skopeo.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Repositories of this test alone: other tests use the registry, too. */
const own = `imagetools-create-${process.pid}`
const registry = inject('registry')
const busybox = `${registry}/busybox:latest`
const arm64 = `${registry}/busybox:arm64`
const multi = `${registry}/busybox:multi`
const schema2 = `${registry}/busybox:schema2`
const attested = `${registry}/${own}/attested:latest`
const artifact = `${registry}/${own}/artifact:latest`
const NOTHING = `sha256:${'0'.repeat(64)}`

let world: World
/** Another registry, with nothing in it. */
let other: Registry

const imagetools = (...args: string[]) => world.lighter(['buildx', 'imagetools', ...args])

/** What a command says that must succeed. */
async function said(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await imagetools(...args)
  expect({ args, exitCode, stderr }).toMatchObject({ args, exitCode: 0 })
  return stdout
}

beforeAll(async () => {
  world = makeWorld('imagetools-create')
  other = await startRegistry(mkdtempSync(join(inject('work'), 'other-registry-')))
  const layout = mkdtempSync(join(inject('work'), 'attested-'))
  const { 'busybox-multi': images = '' } = makeImageLayouts(
    join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test'),
  )
  writeAttestedLayout(layout, images)
  for (const name of ['attested', 'single', 'artifact']) {
    const target = ['--dest-tls-verify=false', `docker://${registry}/${own}/${name}:latest`]
    execFileSync('skopeo', [
      ...['--insecure-policy', 'copy', '-q', '--all', `oci:${layout}:${name}`, ...target],
    ])
  }
})
afterAll(async () => {
  await other.stop()
  await world.remove()
})

describe('create', () => {
  test('makes an index of images, under several names', async () => {
    const names = [
      `${registry}/${own}/made:v1`,
      `${registry}/${own}/again`,
      `${other.host}/made:v1`,
    ]
    const tags = names.flatMap((name) => ['-t', name])
    const shown = await said('create', '--dry-run', ...tags, busybox, arm64)
    expect(
      JSON.parse(shown).manifests.map(({ platform }: { platform: object }) => platform),
    ).toEqual([
      { architecture: 'amd64', os: 'linux' },
      { architecture: 'arm64', os: 'linux' },
    ])
    await said('create', ...tags, busybox, arm64)
    for (const name of names) {
      expect(`${raw(name)}\n`).toBe(shown)
      fetchAll(name)
    }
  })

  test('copies an index with all that belongs to it, byte by byte', async () => {
    for (const [from, to] of [
      [attested, `${registry}/${own}/copy:v1`],
      [attested, `${other.host}/copy:v1`],
    ] as const) {
      await said('create', '-t', to, from)
      expect(raw(to)).toBe(raw(from))
      fetchAll(to)
      expect(await said('inspect', '--format', '{{json .SBOM}}', to)).toBe(
        await said('inspect', '--format', '{{json .SBOM}}', from),
      )
    }
    await said('create', '--prefer-index=false', '-t', `${other.host}/artifact`, artifact)
    expect(raw(`${other.host}/artifact`)).toBe(raw(artifact))
    fetchAll(`${other.host}/artifact`)
  })

  test('a single manifest becomes an index unless a copy is preferred', async () => {
    const index = JSON.parse(await said('create', '--dry-run', busybox))
    expect(index.manifests).toMatchObject([{ digest: digestOf(raw(busybox)) }])
    expect(await said('create', '--dry-run', '--prefer-index=false', busybox)).toBe(
      `${raw(busybox)}\n`,
    )
    const list = JSON.parse(await said('create', '--dry-run', schema2))
    expect(list.mediaType).toBe('application/vnd.docker.distribution.manifest.list.v2+json')
  })

  test('adds to what is there', async () => {
    const name = `${registry}/${own}/grown:v1`
    await said('create', '-t', name, busybox)
    await said('create', '--append', '-t', name, arm64, multi)
    const { manifests } = JSON.parse(raw(name))
    expect(manifests.map(({ digest }: { digest: string }) => digest)).toEqual(
      [busybox, arm64].map((image) => digestOf(raw(image))),
    )
    expect(
      await imagetools('create', '--append', '-t', `${registry}/${own}/nosuch`, arm64),
    ).toMatchObject({
      exitCode: 1,
      stderr: `ERROR: ${registry}/${own}/nosuch:latest: not found\n`,
    })
  })

  test('annotates the index and what it lists', async () => {
    const flags = [
      'index:a=b=c',
      'manifest-descriptor:x=y',
      'manifest-descriptor[linux/arm64]:only=z',
    ]
    const args = flags.flatMap((annotation) => ['--annotation', annotation])
    const { annotations, manifests } = JSON.parse(
      await said('create', '--dry-run', ...args, busybox, arm64),
    )
    expect(annotations).toEqual({ a: 'b=c' })
    expect(manifests.map(({ annotations }: { annotations: object }) => annotations)).toEqual([
      { x: 'y' },
      { only: 'z', x: 'y' },
    ])
  })

  test('takes digests and descriptors, also from files', async () => {
    const digest = digestOf(raw(arm64))
    const file = join(world.home, 'descriptor')
    const platform = { os: 'linux', architecture: 's390x' }
    writeFileSync(file, `${JSON.stringify({ digest, platform, annotations: { a: 'b' } })}\n`)
    const tag = ['-t', `${registry}/busybox:x-${process.pid}`, '--dry-run']
    expect(JSON.parse(await said('create', ...tag, '-f', file)).manifests).toMatchObject([
      { digest, platform, annotations: { a: 'b' }, size: raw(arm64).length },
    ])
    expect(JSON.parse(await said('create', ...tag, digest, busybox)).manifests).toMatchObject([
      { digest, platform: { os: 'linux', architecture: 'arm64' } },
      { digest: digestOf(raw(busybox)) },
    ])
  })

  test.each([
    [[], 'no sources specified'],
    [[busybox], "can't push with no tags specified, please set --tag or --dry-run"],
    [['--dry-run', NOTHING], 'no repositories specified, please set a reference in tag or source'],
    [
      ['--dry-run', '-t', 'a', '-t', 'b', NOTHING],
      `multiple repositories specified, cannot infer repository for "${NOTHING}"`,
    ],
    [
      ['--dry-run', 'UPPER'],
      'failed to parse source "UPPER", valid sources are digests, references and descriptors: invalid reference format: repository name (library/UPPER) must be lowercase',
    ],
    [
      ['--dry-run', 'sha256:12'],
      'failed to parse source "sha256:12", valid sources are digests, references and descriptors: invalid checksum digest length',
    ],
    [
      ['-t', 'UPPER', busybox],
      'invalid reference format: repository name (library/UPPER) must be lowercase',
    ],
    [['--dry-run', `${registry}/nosuch`], `${registry}/nosuch:latest: not found`],
    [['--dry-run', '-f', '/nosuch'], 'open /nosuch: no such file or directory'],
    [
      ['--dry-run', '--annotation', 'nokey', busybox],
      'invalid annotation "nokey", expected key=value',
    ],
    [['--dry-run', '--annotation', 'foo:a=b', busybox], 'unknown annotation type "foo"'],
    [['--dry-run', '--annotation', 'a=b', busybox], '"" annotations are not supported yet'],
    [
      ['--dry-run', '--annotation', 'index-descriptor:a=b', busybox],
      '"index-descriptor" annotations are invalid while creating an image',
    ],
    [['--progress', 'foo', '-t', `${registry}/${own}/never`, busybox], 'invalid progress mode foo'],
    [
      ['--progress', 'tty', '-t', `${registry}/${own}/never`, busybox],
      'failed to get console: provided file is not a console',
    ],
  ])('%j is refused', async (args, sentence) => {
    expect(await imagetools('create', ...args)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `ERROR: ${sentence}\n`,
    })
  })

  test('a descriptor with a wrong size is not believed', async () => {
    const digest = digestOf(raw(busybox))
    const descriptor = JSON.stringify({ digest, size: 1 })
    expect(
      await imagetools('create', '--dry-run', '-t', `${registry}/busybox:x`, descriptor),
    ).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(`^ERROR: invalid size mismatch for ${digest}, 1 != `),
    })
  })
})

describe('progress', () => {
  const name = `${registry}/${own}/progress:v1`
  const progress = async (mode: string): Promise<string> => {
    const { exitCode, stdout, stderr } = await imagetools(
      'create',
      '--progress',
      mode,
      '-t',
      name,
      multi,
    )
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' })
    return stderr
  }

  test('is told step by step', async () => {
    const digest = digestOf(raw(multi))
    expect((await progress('plain')).replace(/\d+\.\d+/g, 'T').split('\n')).toEqual([
      `#1 [internal] pushing ${name}`.replace(/\d+\.\d+/g, 'T'),
      `#1 T copying ${digest} from ${multi} to ${name}`.replace(/\d+\.\d+/g, 'T'),
      `#1 T pushing ${digest} to ${name}`.replace(/\d+\.\d+/g, 'T'),
      '#1 DONE Ts',
      '',
    ])
    expect(await progress('quiet')).toBe('')
    const documents = `[${(await progress('rawjson')).replaceAll('\n}\n{', '\n},\n{')}]`
    expect(JSON.parse(documents)).toMatchObject([
      { vertexes: [{ name: `[internal] pushing ${name}` }] },
      { logs: [{ stream: 1 }] },
      { logs: [{ stream: 1 }] },
      { vertexes: [{ completed: expect.any(String) }] },
    ])
  })

  test('one name that fails keeps no other from being made', async () => {
    const good = `${registry}/${own}/good:v1`
    const { exitCode, stderr } = await imagetools(
      'create',
      '-t',
      '127.0.0.1:9/x',
      '-t',
      good,
      multi,
    )
    expect(exitCode).toBe(1)
    expect(stderr).toContain('#1 ERROR: failed to do request: ')
    expect(stderr).toMatch(/\nERROR: failed to do request: .*connection refused\n$/)
    expect(raw(good)).toBe(raw(multi))
  })
})

describe('a registry', () => {
  test('that wants a password gets it, as a source and as a target', async () => {
    const file = join(world.home, 'htpasswd')
    writeFileSync(file, `tester:${bcrypt('secret words')}\n`)
    const server = await startRegistryWith(`auth:\n  htpasswd: { realm: tests, path: ${file} }`)
    const locked = `${server.host}/busybox`
    const DENIED = 'authorization failed: no basic auth credentials'
    try {
      expect(await imagetools('inspect', locked)).toMatchObject({
        exitCode: 1,
        stderr: `ERROR: pull access denied, repository does not exist or may require authorization: ${DENIED}\n`,
      })
      const { exitCode, stderr } = await imagetools(
        'create',
        '-t',
        `${server.host}/${own}/in`,
        busybox,
      )
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(new RegExp(`\nERROR: ${DENIED}\n$`))
      const login = ['login', '-u', 'tester', '--password-stdin', server.host]
      await world.lighter(login, { input: 'secret words' })
      await said('create', '-t', `${server.host}/${own}/in`, '-t', `${other.host}/out`, locked)
      fetchAll(`${other.host}/out`)
    } finally {
      await server.stop()
    }
  })

  test('that sends wrong bytes is not believed, and nothing gets a name', async () => {
    const front = await startFront(registry, (request, _response, forward) => {
      if (!isBlob(request)) return forward()
      forward((piece, offset) =>
        offset === 0 && piece.length > 1000
          ? Buffer.concat([Buffer.from('x'), piece.subarray(1)])
          : piece,
      )
    })
    try {
      const { exitCode, stderr } = await imagetools(
        'create',
        '-t',
        `${other.host}/bad`,
        `${front.host}/busybox`,
      )
      expect(exitCode).toBe(1)
      expect(stderr).toMatch(/\nERROR: blob sha256:\w+ does not match its digest\n$/)
      expect(await imagetools('inspect', `${other.host}/bad`)).toMatchObject({
        stderr: `ERROR: ${other.host}/bad:latest: not found\n`,
      })
    } finally {
      await front.stop()
    }
  })
})
