import { execFileSync } from 'node:child_process'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { startFront } from '../helpers/front.ts'
import { writeAs } from '../helpers/registries.ts'
import { accept, ran, reject, SignedImages } from '../helpers/signed-images.ts'

const images = new SignedImages('trust')
const { signed, policyPath, policy, docker, registriesD, name, run, pull } = images

describe('run', () => {
  test('an image that the policy rejects is neither pulled nor run', async () => {
    docker({ [images.registry.host]: [signed()] })
    const { exitCode, stdout, stderr } = await run(name('plain:1'))
    expect({ exitCode, stdout }).toEqual({ exitCode: 125, stdout: '' })
    expect(stderr).toContain(
      `lighter: image ${name('plain:1')} is rejected by the signature policy in ${policyPath()}: a signature is required, but there is none.\n`,
    )
    expect((await images.world.lighter(['images', '-q'])).stdout).toBe('')
  })

  test('what is here is checked by the policy of now, under every name and by id', async () => {
    await pull(name('plain:1'))
    const id = (await images.world.lighter(['images', '-q', '--no-trunc'])).stdout.trim()
    await images.world.lighter(['tag', name('plain:1'), 'mine'])
    for (const image of [name('plain:1'), id, 'mine']) expect(await run(image)).toEqual(ran)
    docker({ [images.registry.host]: [reject] })
    for (const image of [
      name('plain:1'),
      `${name('plain')}@${images.digest}`,
      id,
      id.slice(7, 19),
      'mine',
    ]) {
      const { exitCode, stderr } = await run(image)
      expect({ image, exitCode }).toEqual({ image, exitCode: 125 })
      expect(stderr).toContain('is rejected by the signature policy')
    }
    expect((await images.world.lighter(['create', name('plain:1')])).exitCode).toBe(1)
    expect((await images.world.lighter(['ps', '-aq'])).stdout).toBe('')
  })

  test('what was made here is not asked where it comes from, but its name may be rejected', async () => {
    policy({ default: [reject] })
    expect((await run('lighter/hello')).exitCode).toBe(0)
    docker({ 'docker.io/lighter/hello': [reject] })
    const { exitCode, stderr } = await run('lighter/hello')
    expect(exitCode).toBe(125)
    expect(stderr).toContain('image docker.io/lighter/hello:latest is rejected')
  })

  test('what was verified needs no signature again until policy or key change', async () => {
    docker({ [images.registry.host]: [signed()] })
    expect(await pull(name('signed:1'))).toMatchObject({ exitCode: 0 })
    registriesD(`docker:\n  ${images.registry.host}: { lookaside: "http://127.0.0.1:1/" }\n`)
    expect(await run(name('signed:1'))).toEqual(ran)
    // The same by other words is another policy: it has to be verified, which cannot be done now.
    docker({ [images.registry.host]: [{ ...signed(), signedIdentity: { type: 'matchExact' } }] })
    expect((await run(name('signed:1'))).stderr).toContain('connection refused')
    docker({ [images.registry.host]: [signed()] })
    expect(await run(name('signed:1'))).toEqual(ran)
    writeFileSync(images.key, images.gpg.call(['--export', images.gpg.makeKey('other', 'ed25519')]))
    registriesD(readFileSync(join(images.lookaside.registriesD, 'test.yaml'), 'utf8'))
    expect((await run(name('signed:1'))).stderr).toContain('its signature does not count')
  })
})

describe('a policy', () => {
  test.each([
    ['{"default":[{"type":"insecureAcceptAnything"}],}', 'invalid signature policy in PATH: '],
    ['{"default":[{"type":"insecureAcceptAnything"}],"defualt":[]}', '"defualt"'],
    ['', 'invalid signature policy in PATH: '],
  ])('%s keeps everything out', async (text, words) => {
    await pull(name('plain:1'))
    await run('lighter/hello')
    const own = (await images.world.lighter(['images', '-q', 'lighter/hello'])).stdout.trim()
    policy(text)
    for (const outcome of [
      await pull(name('plain:1')),
      await run(name('plain:1')),
      await run(own),
    ]) {
      expect(outcome.exitCode).not.toBe(0)
      expect(outcome.stderr).toContain(words.replace('PATH', policyPath()))
    }
  })

  test('that cannot be read keeps everything out', async () => {
    policy({ default: [accept] })
    execFileSync('chown', ['0:0', policyPath()])
    expect((await pull(name('plain:1'))).stderr).toBe(
      `signature policy: open ${policyPath()}: permission denied\n`,
    )
    rmSync(policyPath())
    execFileSync('ln', ['-s', '/nosuch', policyPath()])
    expect((await pull(name('plain:1'))).stderr).toContain('no such file or directory')
  })

  test("of lighter's own comes first", async () => {
    policy({ default: [reject] })
    const own = join(images.world.home, '.config/lighter/policy.json')
    writeAs(images.world.ids, own, JSON.stringify({ default: [accept] }))
    expect((await pull(name('plain:1'))).exitCode).toBe(0)
  })

  test('that rejects a name spares the registry the question', async () => {
    const front = await startFront(images.registry.host, (_request, _response, forward) =>
      forward(),
    )
    try {
      docker({ [front.host]: [reject] })
      expect((await pull(`${front.host}/plain:1`)).exitCode).toBe(1)
      expect(front.seen).toEqual([])
    } finally {
      await front.stop()
    }
  })
})

describe('archives', () => {
  test('load and import ask the rule of their kind', async () => {
    await pull(name('plain:1'))
    const archive = join(images.world.home, 'image.tar')
    const tree = join(images.world.home, 'tree.tar')
    await images.world.lighter(['save', '-o', archive, name('plain:1')])
    execFileSync('tar', ['-cf', tree, '-C', images.world.home, 'x'])
    const load = () => images.world.lighter(['load', '-q', '-i', archive])
    const bring = () => images.world.lighter(['import', tree])
    policy({ default: [reject] })
    for (const outcome of [await load(), await bring()]) {
      expect(outcome).toMatchObject({ exitCode: 1, stdout: '' })
      expect(outcome.stderr).toContain('is rejected by the signature policy')
    }
    policy({
      default: [reject],
      transports: {
        'docker-archive': { '': [accept] },
        'oci-archive': { [images.world.home]: [accept] },
        tarball: { '': [accept] },
      },
    })
    for (const outcome of [await load(), await bring()]) expect(outcome.exitCode).toBe(0)
    policy({ default: [accept], transports: { 'oci-archive': { [archive]: [reject] } } })
    expect((await load()).stderr).toContain(`the oci-archive ${archive} is rejected`)
    policy({ default: [signed()] })
    expect((await bring()).stderr).toContain('archives have none')
  })
})
