import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, inject, test } from 'vitest'
import { blobsOf, layersIn, lines, namesIn, OtherStores } from '../helpers/image-stores.ts'

const { admin, image, inStore, lighter, out, shared, user } = new OtherStores()

async function withPolicy(text: string, work: () => Promise<void>): Promise<void> {
  const policy = join(user.home, '.config/containers/policy.json')
  mkdirSync(dirname(policy), { recursive: true })
  writeFileSync(policy, text)
  try {
    await work()
  } finally {
    rmSync(policy)
  }
}

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
    writeFileSync(
      record,
      JSON.stringify({ ...JSON.parse(before), taggedAt: '2026-01-01T00:00:00Z' }),
    )
    try {
      await withPolicy('{"default":[{"type":"reject"}]}', async () => {
        for (const name of [image, await out(['images', '-q'])]) {
          expect(await out(['create', '--pull', 'never', name])).toContain(
            'is rejected by the signature policy',
          )
        }
      })
    } finally {
      writeFileSync(record, before)
    }
  })

  // It was taken for something that was made here as soon as nobody said any more that it was not.
  test('is still asked where it comes from when the store is gone', async () => {
    const create = ['create', '--pull', 'never']
    expect(await out([...create, image])).toMatch(/^[0-9a-f]{64}$/)
    const id = await out(['images', '-q', image])
    expect(await out([...create, id], '')).toMatch(/^[0-9a-f]{64}$/)
    expect(await out(['tag', image, 'mine:1'])).toBe('')
    expect(await out([...create, 'mine:1'], '')).toMatch(/^[0-9a-f]{64}$/)
    await withPolicy('{"default":[{"type":"reject"}]}', async () => {
      for (const name of ['mine:1', id])
        expect(await out([...create, name], '')).toContain('is rejected by the signature policy')
    })
  })

  // The name came first: whoever was killed in between left one that led nowhere.
  test('has a name here only when its documents are here', async () => {
    const blobs = join(user.data, 'blobs/sha256')
    mkdirSync(blobs, { recursive: true })
    chmodSync(blobs, 0o555)
    try {
      expect(await out(['tag', image, 'mine:1'])).toMatch(/^1: /)
      expect(namesIn(user.data)).toEqual([])
      expect(await out(['create', image])).toMatch(/^1: /)
      expect(namesIn(user.data)).toEqual([])
    } finally {
      chmodSync(blobs, 0o700)
    }
    expect(await out(['tag', image, 'mine:1'])).toBe('')
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
