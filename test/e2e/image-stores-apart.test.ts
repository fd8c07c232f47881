import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { layersIn, OtherStores } from '../helpers/image-stores.ts'

const { directory, image, lighter, out, second, shared, user } = new OtherStores()

describe("a user's own layers elsewhere", () => {
  const [tree] = [second]

  test('are stood upon where they are', async () => {
    expect(
      await out(['create', '--name', 'cc', image, 'cat', '/etc/not-executable'], tree),
    ).toMatch(/^[0-9a-f]{64}$/)
    expect(layersIn(user.data)).toEqual([])
    expect(await out(['inspect', '-f', '{{.GraphDriver.Data.LowerDir}}', 'cc'], tree)).toContain(
      `${tree}/layers/`,
    )
    expect(await out(['start', '-a', 'cc'], tree)).toBe('plain text')
    expect(await out(['info', '-f', '{{json .DriverStatus}}'], tree)).toContain(
      `${tree} (its layers are used where they are)`,
    )
  })

  test('that vanish are missed in one sentence, and are back when they are back', async () => {
    await out(['create', '--name', 'cc', image, 'echo', 'hi'], tree)
    renameSync(tree, `${tree}-away`)
    try {
      expect(await out(['start', 'cc'], tree)).toMatch(
        new RegExp(
          `layer [0-9a-f]{12} of container [0-9a-f]{12} is in no image store and ${tree} cannot be read`,
        ),
      )
      expect(await out(['images', '-q'], tree)).toBe('')
      const { stderr } = await lighter(['info'], tree)
      expect(stderr).toContain(`WARNING: The image store ${tree} cannot be read`)
    } finally {
      renameSync(`${tree}-away`, tree)
    }
    expect(await out(['start', '-a', 'cc'], tree)).toBe('hi')
  })

  test('that others could write to are not', async () => {
    chmodSync(join(tree, 'layers'), 0o777)
    try {
      expect(await out(['run', '--rm', '--network', 'none', image, 'echo', 'hi'], tree)).toBe('hi')
      expect(layersIn(user.data)).not.toEqual([])
    } finally {
      chmodSync(join(tree, 'layers'), 0o700)
    }
  })
})

describe('a store that lies', () => {
  /** A copy of the good store that `spoil` has had its way with. */
  const evil = (spoil: (store: string) => void): string => {
    const store = mkdtempSync(join(directory, 'evil-'))
    cpSync(shared, store, { recursive: true })
    chmodSync(store, 0o755)
    spoil(store)
    return store
  }
  const record = (store: string, name: string) =>
    join(store, 'refs', `${encodeURIComponent(name)}.json`)
  const named = `${image}:latest`
  const readRecord = (store: string) => JSON.parse(readFileSync(record(store, named), 'utf8'))
  const blob = (store: string, digest: string) => join(store, 'blobs/sha256', digest.slice(7))

  test.each<[string, (store: string) => void]>([
    [
      'a manifest of other bytes',
      (store) => writeFileSync(blob(store, readRecord(store).descriptor.digest), '{}'),
    ],
    [
      'a configuration of other bytes',
      (store) => writeFileSync(blob(store, readRecord(store).imageId), '{}'),
    ],
    [
      'a record with another id',
      (store) => {
        const value = { ...readRecord(store), imageId: `sha256:${'1'.repeat(64)}` }
        writeFileSync(record(store, named), JSON.stringify(value))
      },
    ],
    [
      'a name that is no name',
      (store) => {
        const value = { ...readRecord(store), reference: '../../etc' }
        writeFileSync(record(store, named), JSON.stringify(value))
      },
    ],
    [
      'links',
      (store) => {
        const path = blob(store, readRecord(store).descriptor.digest)
        renameSync(path, join(store, 'elsewhere'))
        symlinkSync('../../elsewhere', path)
      },
    ],
    [
      'a directory that is a link',
      (store) => {
        renameSync(join(store, 'refs'), join(store, 'other'))
        symlinkSync('other', join(store, 'refs'))
      },
    ],
  ])('%s: that image is not there', async (_, spoil) => {
    const store = evil(spoil)
    expect(await out(['run', '--rm', '--pull', 'never', image], store)).toContain('No such image')
    expect(await out(['images', '-q', named], store)).toBe('')
    // The next one is asked.
    expect(await out(['images', '-q'], `${store}:${shared}`)).toMatch(/^[0-9a-f]{12}$/)
  })

  test('a digest in a name that is not what it names', async () => {
    const wrong = `${image}@sha256:${'2'.repeat(64)}`
    const store = evil((path) => {
      writeFileSync(record(path, wrong), JSON.stringify({ ...readRecord(path), reference: wrong }))
    })
    expect(await out(['run', '--rm', '--pull', 'never', wrong], store)).toContain('No such image')
  })

  test('layers of other bytes are fetched instead', async () => {
    const store = evil((path) => {
      for (const name of readdirSync(join(path, 'blobs/sha256'))) {
        const file = join(path, 'blobs/sha256', name)
        const bytes = readFileSync(file)
        if (bytes[0] === 0x7b) continue
        writeFileSync(
          file,
          Buffer.concat([bytes.subarray(0, -1), Buffer.from([(bytes.at(-1) as number) ^ 1])]),
        )
      }
    })
    const started = await lighter(['run', '--rm', '--network', 'none', image, 'echo', 'hi'], store)
    expect(started).toMatchObject({ exitCode: 125 })
    expect(started.stderr).toContain('pull the image again')
    expect(await out(['pull', '-q', image], store)).toBe(`${image}:latest`)
    expect(await out(['run', '--rm', '--network', 'none', image, 'echo', 'hi'], store)).toBe('hi')
  })

  test('own names and ids come first', async () => {
    await out(['pull', '-q', image], '')
    const id = await out(['images', '-q'], '')
    const store = evil((path) => {
      writeFileSync(blob(path, readRecord(path).descriptor.digest), '{}')
    })
    expect(await out(['images', '-q'], store)).toBe(id)
    expect(await out(['run', '--rm', '--network', 'none', id, 'echo', 'hi'], store)).toBe('hi')
  })
})

describe('where it is said', () => {
  const config = join(user.home, '.config/lighter/config.json')
  const write = (text: string) => {
    mkdirSync(join(user.home, '.config/lighter'), { recursive: true })
    writeFileSync(config, text)
  }
  const images = async () => await user.lighter(['images', '-q'])

  test('config.json, which the variable takes the place of', async () => {
    write(JSON.stringify({ 'additional-image-stores': [shared] }))
    expect((await images()).stdout).toMatch(/^[0-9a-f]{12}\n$/)
    expect(await out(['images', '-q'], '')).toBe('')
    rmSync(config)
    expect((await images()).stdout).toBe('')
  })

  test.each([
    ['{"additional-image-stores": "/x"}', 'must be a list of absolute paths of directories'],
    ['{"additional-image-stores": ["x"]}', 'must be a list of absolute paths of directories'],
    ['{', 'is not JSON'],
  ])('%s is one sentence', async (text, sentence) => {
    write(text)
    const { exitCode, stderr } = await images()
    expect(exitCode).toBe(1)
    expect(stderr).toContain(sentence)
    rmSync(config)
  })

  test('a variable that is no path', async () => {
    expect(await out(['images'], 'here')).toContain(
      'LIGHTER_IMAGE_STORES must be absolute paths, separated by colons: "here"',
    )
  })

  test('the own store, or one that is not there, adds nothing', async () => {
    expect(await out(['images', '-q'], `${user.data}:/nonexistent`)).toBe('')
  })
})
