import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

/** A store that root has made for everybody, and one that the user has elsewhere. */
const admin = makeWorld('stores-admin', 'root')
const user = makeWorld('stores-user')
const directory = mkdtempSync(join(inject('work'), 'stores-'))
const shared = join(directory, 'shared')
const second = join(directory, 'second')
const image = `${inject('registry')}/busybox`
const OPEN = ['', 'refs', 'blobs', 'blobs/sha256']

const lines = (text: string): string[] => text.split('\n').filter(Boolean)
const inStore = (world: World, store: string, ...args: string[]) =>
  world.lighter(args, { env: { LIGHTER_DATA_DIR: store } })
/** The user's command with these stores beside its own. */
const lighter = (args: string[], stores = shared) =>
  user.lighter(args, { env: { LIGHTER_IMAGE_STORES: stores } })
const out = async (args: string[], stores = shared) => {
  const { exitCode, stdout, stderr } = await lighter(args, stores)
  return exitCode === 0 ? stdout.trim() : `${exitCode}: ${stderr.trim()}`
}
const blobsOf = (data: string): string[] => readdirSync(join(data, 'blobs/sha256')).sort()
const namesIn = (data: string): string[] =>
  existsSync(join(data, 'refs')) ? readdirSync(join(data, 'refs')) : []
const layersIn = (data: string): string[] =>
  existsSync(join(data, 'layers')) ? readdirSync(join(data, 'layers')) : []

beforeAll(async () => {
  chmodSync(directory, 0o755)
  for (const name of OPEN) mkdirSync(join(shared, name), { mode: 0o755 })
  mkdirSync(second)
  chownSync(second, user.ids.uid, user.ids.gid)
  for (const [world, store] of [
    [admin, shared],
    [user, second],
  ] as const) {
    expect(await inStore(world, store, 'pull', '-q', image)).toMatchObject({ exitCode: 0 })
  }
})
beforeEach(async () => {
  const containers = lines(await out(['ps', '-aq']))
  if (containers.length > 0) await lighter(['rm', '-f', ...containers])
  await lighter(['image', 'prune', '-af'])
  expect(namesIn(user.data)).toEqual([])
  expect(layersIn(user.data)).toEqual([])
})
afterAll(async () => {
  await user.remove()
  await admin.remove()
  rmSync(directory, { recursive: true, force: true })
})

test('a store whose directories are open stays readable; what is unpacked in it does not', () => {
  const { gid } = user.ids
  expect(gid).not.toBe(0)
  for (const folder of ['refs', 'blobs/sha256']) {
    for (const name of readdirSync(join(shared, folder))) {
      expect(statSync(join(shared, folder, name)).mode & 0o777).toBe(0o644)
    }
  }
  expect(statSync(join(shared, 'layers')).mode & 0o077).toBe(0)
  expect(statSync(join(user.data, 'version')).mode & 0o777).toBe(0o644)
  expect(statSync(user.data).mode & 0o077).toBe(0)
})

describe('what others have', () => {
  test('is listed, inspected and told apart by nothing that Docker has not', async () => {
    const plain = await inStore(admin, shared, 'images', '--digests')
    expect(await out(['images', '--digests'])).toBe(plain.stdout.trim())
    expect(await out(['history', image])).toBe(
      (await inStore(admin, shared, 'history', image)).stdout.trim(),
    )
    const [document] = JSON.parse(await out(['inspect', image]))
    const [original] = JSON.parse((await inStore(admin, shared, 'inspect', image)).stdout)
    expect({ ...document, GraphDriver: 0 }).toEqual({ ...original, GraphDriver: 0 })
    expect(await out(['images', '-q', '--filter', `reference=${image}`])).toBe(
      document.Id.slice(7, 19),
    )
    expect(await out(['__complete', '--', 'run', image.slice(0, 12)])).toContain(image)
  })

  test('is never taken for something that was made here: the policy counts', async () => {
    const record = join(shared, 'refs', `${encodeURIComponent(image)}%3Alatest.json`)
    const before = readFileSync(record, 'utf8')
    const policy = join(user.home, '.config/containers/policy.json')
    mkdirSync(dirname(policy), { recursive: true })
    writeFileSync(policy, '{"default":[{"type":"reject"}]}')
    writeFileSync(
      record,
      JSON.stringify({ ...JSON.parse(before), taggedAt: '2026-01-01T00:00:00Z' }),
    )
    try {
      for (const name of [image, await out(['images', '-q'])]) {
        expect(await out(['create', '--pull', 'never', name])).toContain(
          'is rejected by the signature policy',
        )
      }
    } finally {
      writeFileSync(record, before)
      rmSync(policy)
    }
  })

  test('runs, unpacked by each user, without a byte fetched', async () => {
    const digest = await out(['inspect', '-f', '{{index .RepoDigests 0}}', image])
    for (const name of [image, digest, await out(['images', '-q'])]) {
      const command = ['run', '--rm', '--network', 'none', '--pull', 'never', name]
      expect(await out([...command, 'stat', '-c', '%u:%a', '/root', '/home/app'])).toBe(
        '0:700\n1000:755',
      )
    }
    // The documents alone: they keep what is unpacked.
    expect(blobsOf(user.data)).toHaveLength(2)
    expect(layersIn(user.data).sort()).toEqual(layersIn(shared).sort())
    expect(lines(await out(['images']))).toHaveLength(2)
    const use = await out(['system', 'df', '-v'])
    expect(use).toContain(`\nRead-only image stores:\n\nSTORE`)
    expect(use).toMatch(new RegExp(`\\n${shared} +1 +\\d`))
    expect(await out(['image', 'prune', '-f'])).toBe('Total reclaimed space: 0B')
    expect(layersIn(user.data)).not.toEqual([])
    expect(await out(['image', 'prune', '-af'])).toMatch(/^Total reclaimed space: [1-9]/)
    expect(layersIn(user.data)).toEqual([])
    expect(lines(await out(['images']))).toHaveLength(2)
  })

  test('runs by the digest of an index, which is there to be checked', async () => {
    const multi = `${image}:multi`
    expect(await inStore(admin, shared, 'pull', '-q', multi)).toMatchObject({ exitCode: 0 })
    const format = '{{range .RepoDigests}}{{println .}}{{end}}'
    const digests = lines(await out(['inspect', '-f', format, multi]))
    const { descriptor } = JSON.parse(
      readFileSync(join(shared, 'refs', `${encodeURIComponent(multi)}.json`), 'utf8'),
    )
    const name = digests.find((digest) => !digest.endsWith(descriptor.digest)) ?? ''
    const run = ['run', '--rm', '--network', 'none', '--pull', 'never', name, 'echo', 'hi']
    expect(await out(run)).toBe('hi')
    await inStore(admin, shared, 'image', 'prune', '-f')
    expect(existsSync(join(shared, 'blobs/sha256', name.split('sha256:')[1] ?? ''))).toBe(true)
    rmSync(join(shared, 'blobs/sha256', name.split('sha256:')[1] ?? ''))
    expect(await out(run)).toContain('No such image')
    await inStore(admin, shared, 'rmi', multi)
  })

  test('is not removed, by its name, its id or by force', async () => {
    const id = await out(['images', '-q'])
    const because = `(cannot be forced) - image is in the read-only image store ${shared}`
    for (const force of [[], ['-f']]) {
      expect(await out(['rmi', ...force, image])).toBe(
        `1: Error response from daemon: conflict: unable to remove repository reference "${image}" ${because}`,
      )
      expect(await out(['rmi', ...force, id])).toBe(
        `1: Error response from daemon: conflict: unable to delete ${id} ${because}`,
      )
    }
    expect(await out(['system', 'prune', '-af'])).toBe('Total reclaimed space: 0B')
    expect(lines(await out(['images']))).toHaveLength(2)
  })

  test('gets names here, which go again', async () => {
    expect(await out(['tag', image, 'mine:1'])).toBe('')
    expect(lines(await out(['images', 'mine']))).toHaveLength(2)
    // Its documents are here: it is known when the store is gone.
    expect(await out(['images', '-q', 'mine'], '')).toBe(await out(['images', '-q', image]))
    expect(await out(['run', '--rm', '--pull', 'never', 'mine:1'], '')).toContain(
      'is damaged: pull the image again',
    )
    expect(await out(['create', '--name', 'cc', 'mine:1'])).toMatch(/^[0-9a-f]{64}$/)
    expect(await out(['rmi', 'mine:1'])).toBe('Untagged: mine:1')
    expect(await out(['start', '-a', 'cc'])).not.toMatch(/^\d+:/)
    expect(lines(await out(['images']))).toHaveLength(2)
  })

  test('is pulled without a download, and is an own image then', async () => {
    const first = await out(['pull', image])
    expect(first).toContain('Status: Image is up to date')
    expect(first).not.toContain('Download')
    expect(blobsOf(user.data)).toHaveLength(2)
    expect(await out(['run', '--rm', '--network', 'none', image, 'echo', 'hi'])).toBe('hi')
    expect(await out(['rmi', image])).toMatch(/^Untagged: [^\n]+\nUntagged: [^\n]+$/)
    expect(layersIn(user.data)).toEqual([])
    expect(lines(await out(['images']))).toHaveLength(2)
  })

  test('is saved, pushed and built upon', async () => {
    const archive = join(user.home, 'saved.tar')
    expect(await out(['save', '-o', archive, image])).toBe('')
    const copy = `${inject('registry')}/copy:${process.pid}`
    await out(['tag', image, copy])
    expect(await out(['push', '-q', copy])).toBe(copy)
    await out(['create', '--name', 'cc', image])
    expect(await out(['commit', 'cc', 'child:1'])).toMatch(/^sha256:/)
    expect(await out(['run', '--rm', '--network', 'none', 'child:1', 'echo', 'hi'])).toBe('hi')
    await lighter(['rm', 'cc'])
    await lighter(['image', 'prune', '-af'])
    // The same bytes: loaded where there is no such store.
    const there = await out(['load', '-i', archive], '')
    expect(there).toBe(`Loaded image: ${image}:latest`)
    expect(await out(['images', '--no-trunc', '-q', image], '')).toBe(
      await out(['images', '--no-trunc', '-q', image]),
    )
    await out(['rmi', image], '')
    expect(await out(['pull', '-q', copy], '')).toBe(copy)
    await out(['rmi', copy], '')
  })
})

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
