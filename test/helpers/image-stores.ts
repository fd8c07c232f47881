import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, inject } from 'vitest'
import { makeWorld, type World } from './world.ts'

/** The directories of a store that are open to everybody. */
export const OPEN = ['', 'refs', 'blobs', 'blobs/sha256']

export const lines = (text: string): string[] => text.split('\n').filter(Boolean)
const listOf = (data: string, folder: string): string[] =>
  existsSync(join(data, folder)) ? readdirSync(join(data, folder)).sort() : []
export const blobsOf = (data: string): string[] => listOf(data, 'blobs/sha256')
export const namesIn = (data: string): string[] => listOf(data, 'refs')
export const layersIn = (data: string): string[] => listOf(data, 'layers')

/**
 * A store that root has made for everybody, and one that the user has elsewhere, each with busybox. Makes itself ready for the tests of
 * the file that calls it; before each one the user's own store is empty.
 */
export class OtherStores {
  readonly admin = makeWorld('stores-admin', 'root')
  readonly user = makeWorld('stores-user')
  readonly directory = mkdtempSync(join(inject('work'), 'stores-'))
  readonly shared = join(this.directory, 'shared')
  readonly second = join(this.directory, 'second')
  readonly image = `${inject('registry')}/busybox`

  constructor() {
    beforeAll(() => this.#make())
    beforeEach(() => this.#clear())
    afterAll(async () => {
      await this.user.remove()
      await this.admin.remove()
      rmSync(this.directory, { recursive: true, force: true })
    })
  }

  async #make(): Promise<void> {
    chmodSync(this.directory, 0o755)
    for (const name of OPEN) mkdirSync(join(this.shared, name), { mode: 0o755 })
    mkdirSync(this.second)
    chownSync(this.second, this.user.ids.uid, this.user.ids.gid)
    for (const [world, store] of [
      [this.admin, this.shared],
      [this.user, this.second],
    ] as const) {
      const pull = await this.inStore(world, store, 'pull', '-q', this.image)
      expect(pull).toMatchObject({ exitCode: 0 })
    }
  }

  async #clear(): Promise<void> {
    const containers = lines(await this.out(['ps', '-aq']))
    if (containers.length > 0) await this.lighter(['rm', '-f', ...containers])
    await this.lighter(['image', 'prune', '-af'])
    expect(namesIn(this.user.data)).toEqual([])
    expect(layersIn(this.user.data)).toEqual([])
  }

  inStore = (world: World, store: string, ...args: string[]) =>
    world.lighter(args, { env: { LIGHTER_DATA_DIR: store } })
  /** The user's command with these stores beside its own. */
  lighter = (args: string[], stores = this.shared) =>
    this.user.lighter(args, { env: { LIGHTER_IMAGE_STORES: stores } })
  /** What it prints; of a failure its code and what it says. */
  out = async (args: string[], stores = this.shared) => {
    const { exitCode, stdout, stderr } = await this.lighter(args, stores)
    return exitCode === 0 ? stdout.trim() : `${exitCode}: ${stderr.trim()}`
  }
}
