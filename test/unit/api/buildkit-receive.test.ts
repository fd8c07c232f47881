import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { GrpcClient } from '../../../api/buildkit/grpc/client.ts'
import { type GrpcCall, serveGrpc } from '../../../api/buildkit/grpc/server.ts'
import { GrpcError } from '../../../api/buildkit/grpc/status.ts'
import { goMode } from '../../../api/buildkit/session/packets.ts'
import { receiveTree } from '../../../api/buildkit/session/receive-tree.ts'
import { loadCodecs } from '../../../api/buildkit/wire/codec.ts'
import { type Packet, packet, type Stat } from '../../../api/buildkit/wire/types.ts'

const [STAT, REQ, DATA, FIN, ERR] = [0, 1, 2, 3, 4]

let place: string
let into: string
let outside: string
/** What the client does with a request for its files. */
let client: (call: GrpcCall, asked: AsyncGenerator<Packet>) => Promise<void>
let metadata: GrpcCall['metadata']

beforeAll(loadCodecs)
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'receive-'))
  into = join(place, 'into')
  outside = join(place, 'outside')
  mkdirSync(into)
  mkdirSync(outside)
  writeFileSync(join(outside, 'file'), 'untouched')
})
afterEach(() => {
  expect(readdirSync(outside)).toEqual(['file'])
  expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('untouched')
  expect(readdirSync(place).sort()).toEqual(['into', 'outside'])
  rmSync(place, { recursive: true })
})

/** Has a client that behaves as `client` send its files. */
async function receive(paths: string[] = [], exclude: string[] = []): Promise<number> {
  const path = join(into, '..', '.socket')
  const server = createServer((socket) => {
    void serveGrpc(
      socket,
      () => async (call) => {
        metadata = call.metadata
        await client(call, packets(call))
      },
      (error) => new GrpcError(2, String(error)),
    )
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const socket: Socket = connect(path)
  const grpc = await GrpcClient.over(socket)
  let bytes = 0
  const session = { id: 's', name: '', sharedKey: '', methods: new Set<string>(), grpc }
  try {
    await receiveTree(session, {
      ...{ name: 'context', into, paths, exclude, signal: undefined },
      onBytes: (count) => {
        bytes += count
      },
    })
    return bytes
  } finally {
    grpc.close()
    socket.destroy()
    await new Promise((resolve) => server.close(resolve))
    rmSync(path, { force: true })
  }
}

async function* packets(call: GrpcCall): AsyncGenerator<Packet> {
  for await (const message of call.messages()) yield packet.decode(message)
}

const send = (call: GrpcCall, message: Partial<Packet>) => call.send(packet.encode(message))
const entry = (path: string, stat: Partial<Stat> = {}): Partial<Stat> => ({
  path,
  mode: goMode('file', 0o644),
  ...stat,
})
const directory = (path: string) => entry(path, { mode: goMode('directory', 0o755) })
const link = (path: string, linkname: string) =>
  entry(path, { mode: goMode('symlink', 0o777), linkname })

/** A client that lists these, and sends `content` for all that is asked for. */
const sending =
  (stats: readonly Partial<Stat>[], content = 'evil'): typeof client =>
  async (call, asked) => {
    for (const stat of stats) await send(call, { type: STAT, stat })
    await send(call, { type: STAT })
    for await (const { type, id } of asked) {
      if (type === FIN) return await send(call, { type: FIN })
      if (type !== REQ) return
      await send(call, { type: DATA, id, data: Buffer.from(content) })
      await send(call, { type: DATA, id })
    }
  }

test('files, directories and links come as they are', async () => {
  const seconds = 1_000_000_000
  client = sending(
    [
      directory('a'),
      entry('a/b', { mode: goMode('file', 0o4751), size: 4, modTime: seconds * 1e9 }),
      entry('a/c', { linkname: 'a/b' }),
      link('l', '../anywhere'),
      entry('z', { mode: goMode('file', 0o200) }),
    ],
    'text',
  )
  expect(await receive()).toBeGreaterThan(20)
  const stat = statSync(join(into, 'a/b'))
  expect([stat.mode & 0o7777, stat.mtimeMs, stat.size]).toEqual([0o4751, seconds * 1000, 4])
  expect(statSync(join(into, 'a/c')).ino).toBe(stat.ino)
  expect(readlinkSync(join(into, 'l'))).toBe('../anywhere')
  // Who cannot read it cannot build with it.
  expect(readFileSync(join(into, 'z'), 'utf8')).toBe('text')
})

test('many files are asked for one after the other, whatever the length of the list', async () => {
  const names = Array.from({ length: 300 }, (_, index) => `file-${index}`)
  client = sending(names.map((name) => entry(name)))
  await receive()
  expect(readdirSync(into).sort()).toEqual([...names].sort())
})

test('what is wanted is said, whatever its characters', async () => {
  client = sending([])
  await receive(['a b', 'ü/*'], ['*.tmp', '!x'])
  expect(metadata).toMatchObject({
    'dir-name': 'context',
    followpaths: 'a+b, %C3%BC%2F%2A',
    'followpaths-encoded': '1',
    'exclude-patterns': '*.tmp, !x',
  })
})

test('a second copy into the same place replaces what it has, and nothing else', async () => {
  client = sending([entry('a'), directory('d'), entry('d/x')], 'first')
  await receive()
  client = sending([link('a', 'd'), entry('d')], 'second')
  await receive()
  expect(readlinkSync(join(into, 'a'))).toBe('d')
  expect(readFileSync(join(into, 'd'), 'utf8')).toBe('second')
})

describe('a client that lies', () => {
  test.each([
    ['a path above', [entry('../outside/evil')]],
    ['a path above, below', [directory('a'), entry('a/../../outside/evil')]],
    ['an absolute path', [entry('/etc/evil')]],
    ['no path', [entry('')]],
    ['a path with a dot', [entry('./evil')]],
    ['a path with an empty name', [directory('a'), entry('a//evil')]],
    ['a path with NUL', [entry('a\0b')]],
    ['a name that no file can have', [entry('n'.repeat(300))]],
    ['a path in no directory', [entry('missing/evil')]],
    ['a path in a file', [entry('f'), entry('f/evil')]],
    ['a path through a link of its own', [link('l', '../outside'), entry('l/evil')]],
    ['a directory through a link', [link('l', '../outside'), directory('l/evil')]],
    ['a link through a link', [link('l', '../outside'), link('l/evil', 'x')]],
    ['a hard link to a path above', [entry('h', { linkname: '../outside/file' })]],
    ['a hard link through a link', [link('l', '../outside'), entry('h', { linkname: 'l/file' })]],
    ['a hard link to a link', [link('l', '../outside/file'), entry('h', { linkname: 'l' })]],
    ['a hard link to a directory', [directory('d'), entry('h', { linkname: 'd' })]],
    ['a device', [entry('dev', { mode: 0x0420_0000 })]],
    ['a pipe', [entry('pipe', { mode: 0x0200_0000 })]],
  ] as const)('about %s is refused', async (_, stats) => {
    client = sending(stats)
    await expect(receive()).rejects.toThrow(/invalid|no file, directory or symbolic link/)
  })

  test('sends a file that it was not asked for yet', async () => {
    client = async (call, asked) => {
      for (let index = 0; index < 200; index++)
        await send(call, { type: STAT, stat: entry(`file-${index}`) })
      // Of a long list no more is asked for than the client sends beside each other.
      await asked.next()
      await send(call, { type: DATA, id: 199, data: Buffer.from('evil') })
      for await (const _ of asked) {
        // Until the other side has enough of it.
      }
    }
    await expect(receive()).rejects.toThrow('invalid file request 199')
  })

  test('replaces a directory by a link, and is not followed', async () => {
    client = sending([directory('d'), entry('d/x'), link('d', '../outside'), entry('d/evil')])
    await expect(receive()).rejects.toThrow('invalid path')
    expect(existsSync(join(outside, 'evil'))).toBe(false)
  })

  test('turns a directory into a link while its files are asked for', async () => {
    client = async (call, asked) => {
      await send(call, { type: STAT, stat: directory('d') })
      await send(call, { type: STAT, stat: entry('d/evil') })
      expect((await asked.next()).value).toMatchObject({ type: REQ, id: 1 })
      await send(call, { type: STAT, stat: link('d', '../outside') })
      await send(call, { type: DATA, id: 1, data: Buffer.from('evil') })
      for await (const _ of asked) {
        // Until the other side has enough of it.
      }
    }
    await expect(receive()).rejects.toThrow('invalid path')
  })

  test('makes a link in the place of a directory that a copy finds', async () => {
    symlinkSync('../outside', join(into, 'old'))
    client = sending([directory('old'), entry('old/evil')])
    await receive()
    expect(lstatSync(join(into, 'old')).isDirectory()).toBe(true)
  })

  test.each([
    ['bytes that nobody asked for', { type: DATA, id: 7, data: Buffer.from('x') }],
    ['a packet of no kind', { type: 9 }],
  ])('with %s is refused', async (_, message) => {
    client = async (call, asked) => {
      await send(call, message)
      for await (const _ of asked) return
    }
    await expect(receive()).rejects.toThrow(/invalid file request 7|unknown packet 9/)
  })

  test('with an entry behind the end is refused', async () => {
    client = async (call, asked) => {
      await send(call, { type: STAT, stat: entry('a') })
      await send(call, { type: STAT })
      await send(call, { type: STAT, stat: entry('b') })
      for await (const { type } of asked) if (type === ERR) return
    }
    await expect(receive()).rejects.toThrow('an entry behind the last one')
  })

  test('that is no message is refused', async () => {
    client = async (call) => call.send(Buffer.from('\x12\xff\xff\xff\xff\xff', 'latin1'))
    await expect(receive()).rejects.toThrow('error unmarshalling')
  })
})

describe('a client that fails', () => {
  test('says why', async () => {
    client = (call) => send(call, { type: ERR, data: Buffer.from('open x: permission denied') })
    await expect(receive()).rejects.toThrow('error from sender: open x: permission denied')
  })

  test('by its status', async () => {
    client = async () => {
      throw new GrpcError(5, 'no access allowed to dir "context"')
    }
    await expect(receive()).rejects.toThrow('no access allowed to dir "context"')
  })

  test('by an end in the middle', async () => {
    client = (call) => send(call, { type: STAT, stat: entry('a') })
    await expect(receive()).rejects.toThrow('the client has stopped sending its files')
  })
})
