import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, inject } from 'vitest'
import { writeAs } from './registries.ts'
import { type Registry, startRegistry } from './registry.ts'
import { type Gpg, type Lookaside, makeLookaside, startGpg } from './signatures.ts'
import { makeWorld, type World } from './world.ts'

export const accept = { type: 'insecureAcceptAnything' }
export const reject = { type: 'reject' }
/** Of a run by `SignedImages`. */
export const ran = { exitCode: 0, stdout: 'ran\n', stderr: '' }

/**
 * A registry with the image plain:1 and the same as signed:1, whose signature is in a lookaside directory, and for each test a new user
 * who has the key. Makes itself ready before the tests of the file that calls it.
 */
export class SignedImages {
  registry!: Registry
  gpg!: Gpg
  lookaside!: Lookaside
  /** Of the manifest that both images have. */
  digest!: string
  /** The fingerprint of who has signed. */
  signer!: string
  world!: World
  /** A file of the user with that public key. */
  key!: string
  #directory!: string

  constructor(name: string) {
    beforeAll(async () => {
      this.#directory = mkdtempSync(join(inject('work'), `${name}-`))
      this.registry = await startRegistry(mkdtempSync(join(this.#directory, 'registry-')))
      this.gpg = startGpg()
      this.lookaside = makeLookaside(this.registry.host)
      this.signer = this.gpg.makeKey('signer', 'ed25519')
      this.digest = this.copy('plain:1')
      this.copy('signed:1', ['--sign-by', this.signer])
      execFileSync('chmod', ['-R', 'a+rX', this.#directory, this.lookaside.directory])
    })
    afterAll(async () => {
      this.gpg?.stop()
      await this.registry?.stop()
    })
    beforeEach(() => {
      this.world = makeWorld(name)
      this.key = join(this.world.home, 'key.gpg')
      writeAs(this.world.ids, join(this.world.home, 'x'), '')
      writeFileSync(this.key, readFileSync(this.gpg.publicKey(this.signer)))
      execFileSync('chown', [String(this.world.ids.uid), this.key])
      this.registriesD(readFileSync(join(this.lookaside.registriesD, 'test.yaml'), 'utf8'))
    })
    afterEach(() => this.world.remove())
  }

  /** Brings busybox into the registry under another name; returns its digest. */
  copy = (reference: string, options: string[] = []): string => {
    const path = join(this.#directory, 'digest')
    execFileSync(
      'skopeo',
      [
        ...['--registries.d', this.lookaside.registriesD, '--insecure-policy', 'copy', '--quiet'],
        ...['--src-tls-verify=false', '--dest-tls-verify=false', '--digestfile', path, ...options],
        ...[`docker://${inject('registry')}/busybox:latest`, `docker://${this.name(reference)}`],
      ],
      { env: { ...process.env, GNUPGHOME: this.gpg.home }, stdio: ['ignore', 'ignore', 'inherit'] },
    )
    return readFileSync(path, 'utf8').trim()
  }

  /** A requirement of a policy. */
  signed = () => ({ type: 'signedBy', keyType: 'GPGKeys', keyPath: this.key })
  policyPath = () => join(this.world.home, '.config/containers/policy.json')
  policy = (value: unknown) =>
    writeAs(
      this.world.ids,
      this.policyPath(),
      typeof value === 'string' ? value : JSON.stringify(value),
    )
  /** A policy about registries. */
  docker = (scopes: Record<string, object[]>, other: object = accept) =>
    this.policy({ default: [other], transports: { docker: scopes } })
  registriesD = (text: string) =>
    writeAs(
      this.world.ids,
      join(this.world.home, '.config/containers/registries.d/test.yaml'),
      text,
    )
  name = (reference: string) => `${this.registry.host}/${reference}`
  lighter = (...args: string[]) => this.world.lighter(args)
  run = (image: string, env: Record<string, string> = {}) =>
    this.world.lighter(['run', '--rm', image, 'echo', 'ran'], { env })
  pull = (image: string) => this.world.lighter(['pull', '-q', image])
}
