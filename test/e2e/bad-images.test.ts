import { afterAll, beforeAll, describe, expect } from 'vitest'
import { type BadImages, makeBadImages } from '../fixtures/bad-images.ts'
import { type BadRegistry, startBadRegistry } from '../helpers/bad-registry.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { memoryOf } from '../helpers/memory.ts'
import { PullPlace, testAt } from '../helpers/pull-place.ts'

let images: BadImages
let registry: BadRegistry

beforeAll(async () => {
  images = makeBadImages()
  registry = await startBadRegistry(images)
})
afterAll(() => registry.stop())

const test = testAt(() => new PullPlace('bad-images'))

const daemon = 'Error response from daemon: '
const denied =
  "pull access denied for HOST/NAME, repository does not exist or may require 'docker login': denied: requested access to the resource is denied"
const damaged = "The image's manifest is damaged"
const badConfig = "The image's configuration is damaged"
const schemaOne =
  '[DEPRECATION NOTICE] Docker Image Format v1 and Docker Image manifest version 2, schema 1 support is disabled by default and will be removed in an upcoming release. Suggest the author of HOST/NAME:latest to upgrade the image to the OCI Format or Docker Image manifest v2, schema 2. More information at https://docs.docker.com/go/deprecated-image-specs/'
const unparsed = 'response body: unexpected end of JSON input: ""'

/** Docker 26.1 says the same where no comment says otherwise. HOST and NAME stand for the image's. */
const REFUSALS: [name: string, sentence: string, requests: number][] = [
  ['status-400', `${daemon}name invalid: invalid repository name`, 1],
  ['status-400-empty', `${daemon}error parsing HTTP 400 ${unparsed}`, 1],
  ['status-401', `${daemon}unauthorized: authentication required`, 1],
  ['status-403', `${daemon}${denied}`, 1],
  // Docker: what cannot be parsed, as of a 400. It says less.
  ['status-403-empty', `${daemon}${denied}`, 1],
  [
    'status-404-empty',
    `${daemon}manifest for HOST/NAME:latest not found: manifest unknown: manifest unknown`,
    1,
  ],
  [
    'status-404-text',
    `${daemon}manifest for HOST/NAME:latest not found: manifest unknown: manifest unknown`,
    1,
  ],
  ['status-418', `${daemon}error parsing HTTP 418 ${unparsed}`, 1],
  ['status-429', `${daemon}toomanyrequests: You have reached your pull rate limit.`, 1],
  ['status-429-empty', `${daemon}error parsing HTTP 429 ${unparsed}`, 1],
  [
    'status-429-text',
    `${daemon}error parsing HTTP 429 response body: invalid character 's' looking for beginning of value: "slow down"`,
    1,
  ],
  ['status-500', `${daemon}received unexpected HTTP status: 500 Internal Server Error`, 4],
  ['status-500-errors', `${daemon}received unexpected HTTP status: 500 Internal Server Error`, 4],
  ['status-502', `${daemon}received unexpected HTTP status: 502 Bad Gateway`, 4],
  ['status-503', `${daemon}received unexpected HTTP status: 503 Service Unavailable`, 4],
  ['blob-403', denied, 3],
  ['blob-404', 'unknown blob', 3],
  ['blob-429', 'toomanyrequests: You have reached your pull rate limit.', 3],
  ['blob-500', 'received unexpected HTTP status: 500 Internal Server Error', 6],
  [
    'config-404',
    'error pulling image configuration: download failed after attempts=1: unknown blob',
    2,
  ],
  // Docker does not look at the size of a layer.
  ['layer-larger', 'Get "http://HOST/v2/NAME/blobs/LAYER": unexpected EOF', 4],
  ['layer-smaller', 'LAYER is longer than the manifest says', 3],
  // Docker: words of its JSON parser. A digest that is none it finds out later: could not validate layer digest.
  ['layer-negative', `${daemon}${damaged}`, 1],
  ['layer-bad-digest', `${daemon}${damaged}`, 1],
  ['layer-other-hash', `${daemon}${damaged}`, 1],
  ['manifest-array', `${daemon}${damaged}`, 1],
  ['manifest-broken', `${daemon}${damaged}`, 1],
  ['manifest-empty', `${daemon}${damaged}`, 1],
  ['manifest-text', `${daemon}${damaged}`, 1],
  ['manifest-type', `${daemon}${damaged}`, 1],
  ['config-no-json', badConfig, 2],
  ['config-array', badConfig, 2],
  ['diffid-no-digest', badConfig, 2],
  ['layer-other', `filesystem layer verification failed for digest sha256:${'c'.repeat(64)}`, 3],
  ['layer-type', 'unsupported media type text/plain', 1],
  [
    'config-other',
    `error pulling image configuration: image config verification failed for digest sha256:${'b'.repeat(64)}`,
    2,
  ],
  ['config-huge', "The image's configuration is too large", 1],
  ['config-type-empty', 'unsupported media type application/vnd.oci.empty.v1+json', 1],
  ['config-type-helm', 'unsupported media type application/vnd.cncf.helm.config.v1+json', 1],
  ['artifact', 'unsupported media type application/vnd.oci.empty.v1+json', 1],
  ['diffid-more', "layers from manifest don't match image configuration", 2],
  // Docker: as the one before.
  [
    'diffid-other',
    `layer verification failed: its content is DIFFID, not sha256:${'a'.repeat(64)}`,
    3,
  ],
  [
    'windows',
    'image operating system "windows" cannot be used on this platform: operating system is not supported',
    2,
  ],
  // Docker: failed to register layer: max depth exceeded, when everything is here.
  ['layers-10000', `${daemon}The image lists more than 500 parts`, 1],
  ['manifest-100mb', `${daemon}HOST answered with more than 4194304 bytes`, 1],
  // Docker, as this one is not signed: missing signature key.
  ['manifest-v1', schemaOne, 1],
  ['index-of-v1', schemaOne, 1],
  ['index-empty', 'no matching manifest for linux/amd64 in the manifest list entries', 1],
  ['index-lies', `manifest verification failed for digest sha256:${'d'.repeat(64)}`, 2],
  ['index-endless', 'The image index leads from one index to another', 5],
]

describe.concurrent('what a registry has wrong', () => {
  test.for(REFUSALS)('%s', async ([name, text, requests], { at }) => {
    const outcome = await at.world.lighter(['pull', `${registry.host}/${name}`])
    const sentence = text
      .replaceAll('HOST', registry.host)
      .replaceAll('NAME', name)
      .replaceAll('LAYER', images.layer.digest)
      .replaceAll('DIFFID', images.layer.diffId)
    expect(outcome.stderr).toBe(`${sentence}\n`)
    expect(outcome.exitCode).toBe(1)
    const asked = registry.seen.filter((line) => line.includes(` /v2/${name}/`))
    expect(asked).toHaveLength(requests)
    for (const folder of ['refs', 'layers', 'downloads'])
      expect([folder, ...at.list(folder)]).toEqual([folder])
    expect(remainsIn(at.world.data)).toEqual([])
    const { stdout } = await at.world.lighter(['images', '-aq'])
    expect(stdout).toBe('')
  })

  test('every case is one of these, or comes in', () => {
    const named = [...REFUSALS.map(([name]) => name), ...ACCEPTED].sort()
    expect(named).toEqual(Object.keys(images.repositories).sort())
  })
})

/** What looks odd, and is no harm: Docker takes all of it, too (of layers it takes 128). */
const ACCEPTED = [
  'good',
  'config-larger',
  'config-smaller',
  'layers-200',
  'index-of-index',
  'index-10000',
]

test.for(ACCEPTED)('%s comes in', async (name, { at }) => {
  const image = `${registry.host}/${name}`
  const outcome = await at.world.lighter(['pull', '-q', image])
  expect(outcome).toMatchObject({ exitCode: 0, stderr: '', stdout: `${image}:latest\n` })
  const { stdout } = await at.world.lighter(['images', '-q'])
  expect(stdout.trim().split('\n')).toHaveLength(1)
})

describe('memory', () => {
  test.for(['manifest-100mb', 'layers-10000', 'index-10000', 'layers-200'])(
    '%s needs less than 150 MB',
    async (name, { at }) => {
      const { most } = await memoryOf(at.world.start(['pull', '-q', `${registry.host}/${name}`]))
      expect(most).toBeGreaterThan(20_000)
      expect(most).toBeLessThan(150_000)
    },
  )
})

test.for([
  ['x:a b', 'invalid reference format'],
  ['x:-a', 'invalid reference format'],
  [`x:${'a'.repeat(129)}`, 'invalid reference format'],
  ['x:a/b', 'invalid reference format'],
  ['x:ä', 'invalid reference format'],
  ['x@sha256:abc', 'invalid reference format'],
  ['X', 'invalid reference format: repository name (library/X) must be lowercase'],
] as const)('the name %s is refused before anybody is asked', async ([name, sentence], { at }) => {
  registry.seen.length = 0
  const outcome = await at.world.lighter(['pull', name === 'X' ? name : `${registry.host}/${name}`])
  expect(outcome.stderr).toBe(`${sentence}\n`)
  expect(outcome.exitCode).toBe(1)
  expect(registry.seen).toEqual([])
})
