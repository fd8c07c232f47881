import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ran, SignedImages } from '../helpers/signed-images.ts'

const images = new SignedImages('content-trust')
const { signed, docker, name, run, pull } = images

describe('content trust', () => {
  const on = { DOCKER_CONTENT_TRUST: '1' }
  const words = (image: string) =>
    `Error: remote trust data does not exist for ${name(image)}: no signature policy requires a signature of ${name(image)}`

  test('lets in what a policy requires to be signed, and nothing else', async () => {
    const refused = await images.world.lighter(['pull', name('signed:1')], { env: on })
    expect(refused.exitCode).toBe(1)
    expect(refused.stderr).toContain(words('signed'))
    await pull(name('signed:1'))
    expect((await run(name('signed:1'), on)).exitCode).toBe(125)
    expect((await run(name('signed:1'), { DOCKER_CONTENT_TRUST: 'xyz' })).exitCode).toBe(125)
    expect(await run(name('signed:1'), { DOCKER_CONTENT_TRUST: '0' })).toEqual(ran)
    expect(
      (await images.world.lighter(['create', name('signed:1')], { env: on })).stderr,
    ).toContain(words('signed'))
    docker({ [images.registry.host]: [signed()] })
    expect(await run(name('signed:1'), on)).toEqual(ran)
  })

  test('asks nobody for what is named by its images.digest, or when it is disabled', async () => {
    const image = `${name('plain')}@${images.digest}`
    expect((await images.world.lighter(['pull', '-q', image], { env: on })).exitCode).toBe(0)
    expect(await run(image, on)).toEqual(ran)
    await pull(name('plain:1'))
    const args = ['run', '--rm', '--disable-content-trust', name('plain:1'), 'echo', 'ran']
    expect(await images.world.lighter(args, { env: on })).toEqual(ran)
    const off = await images.world.lighter([
      'run',
      '--disable-content-trust=false',
      name('plain:1'),
    ])
    expect(off.stderr).toContain(words('plain'))
  })

  test('pushes nothing that it would have to sign', async () => {
    await pull(name('plain:1'))
    await images.world.lighter(['tag', name('plain:1'), name('pushed:1')])
    const { exitCode, stderr } = await images.world.lighter(['push', name('pushed:1')], { env: on })
    expect(exitCode).toBe(1)
    expect(stderr).toContain('lighter does not sign what it pushes')
    expect((await fetch(`http://${name('').slice(0, -1)}/v2/pushed/tags/list`)).status).toBe(404)
    const all = await images.world.lighter(['push', '-a', name('pushed')], { env: on })
    expect(all.exitCode).toBe(0)
    expect(all.stdout).toContain('No tag specified, skipping trust metadata push\n')
  })
})

describe('trust', () => {
  test('inspect shows who has signed', async () => {
    docker({ [images.registry.host]: [signed()] })
    const found = await images.world.lighter(['trust', 'inspect', name('signed'), name('plain:1')])
    expect(found.exitCode).toBe(1)
    expect(found.stderr).toBe(`no signatures or cannot access ${name('plain:1')}\n`)
    expect(JSON.parse(found.stdout)).toEqual([
      {
        Name: name('signed'),
        SignedTags: [
          { SignedTag: '1', Digest: images.digest.slice(7), Signers: ['signer <signer@test>'] },
        ],
        Signers: [{ Name: 'signer <signer@test>', Keys: [{ ID: images.signer.toLowerCase() }] }],
        AdministrativeKeys: [],
      },
    ])
    const pretty = await images.world.lighter(['trust', 'inspect', '--pretty', name('signed:1')])
    expect(pretty.stdout).toContain(`\nSignatures for ${name('signed:1')}\n`)
    expect(pretty.stdout).toContain(
      `1            ${images.digest.slice(7)}   signer <signer@test>\n`,
    )
    expect(existsSync(join(images.world.data, 'blobs'))).toBe(false)
  })

  test('inspect finds nothing where nothing is required', async () => {
    const outcome = await images.world.lighter(['trust', 'inspect', name('signed:1')])
    expect(outcome).toEqual({
      exitCode: 1,
      stdout: '[]\n',
      stderr: `no signatures or cannot access ${name('signed:1')}\n`,
    })
  })

  test.each([
    [['sign', 'x'], 'no tag specified for x'],
    [['sign', `x@sha256:${'0'.repeat(64)}`], 'cannot use a digest reference for IMAGE:TAG'],
    [['sign', 'x:1'], 'failed to sign x:1: there is no trust server'],
    [['revoke', '-y', 'x:1'], 'could not remove signature for x:1: there is no trust data'],
    [['key', 'generate', 'Bob!'], 'key name "Bob!" must start with lowercase alphanumeric'],
    [['key', 'generate', 'bob'], 'failed to generate key for bob'],
    [['signer', 'add', 'bob', 'x'], 'path to a public key must be provided using the `--key` flag'],
    [['signer', 'remove', 'bob', 'x'], 'error removing signer from: x'],
  ])('%j says what there is not', async (args, words) => {
    const { exitCode, stdout, stderr } = await images.world.lighter(['trust', ...args])
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' })
    expect(stderr.startsWith(words)).toBe(true)
  })
})
