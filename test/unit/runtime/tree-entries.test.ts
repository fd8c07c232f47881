import { expect, test } from 'vitest'
import { parseEntries, type TreeEntry } from '../../../lib/runtime/tree-entries.ts'

async function parse(...chunks: string[]): Promise<TreeEntry[]> {
  const entries: TreeEntry[] = []
  async function* bytes() {
    for (const chunk of chunks) yield Buffer.from(chunk)
  }
  for await (const entry of parseEntries(bytes())) entries.push(entry)
  return entries
}

const FILE = 'f 4755 5 6 7 1700000000 2\0a/ü\0\0abc\0def\0\0'

test('a record is one entry, however it is cut', async () => {
  const entry = {
    path: 'a/ü',
    type: 'file',
    mode: 0o4755,
    uid: 5,
    gid: 6,
    size: 7,
    modified: 1_700_000_000,
    linkGroup: 2,
    target: '',
    digest: 'abc',
    attributes: 'def',
  }
  expect(await parse(FILE)).toEqual([entry])
  for (let at = 0; at < FILE.length; at++) {
    const [whole, rest] = [Buffer.from(FILE), Buffer.from(FILE)]
    const cut = [whole.subarray(0, at), rest.subarray(at)]
    const entries: TreeEntry[] = []
    async function* bytes() {
      yield* cut
    }
    for await (const one of parseEntries(bytes())) entries.push(one)
    expect(entries).toEqual([entry])
  }
})

test('all types', async () => {
  const records = ['f', 'd', 'l', 'p', '?', '-'].map(
    (type) => `${type} 0644 0 0 0 0 0\0x\0\0\0\0\0`,
  )
  expect((await parse(records.join(''))).map(({ type }) => type)).toEqual([
    ...['file', 'directory', 'symlink', 'fifo', 'other', 'missing'],
  ])
})

test('what cannot be read is an error that names it', async () => {
  await expect(parse('f 0644 0 0 0 0 0\0a\0\0\0\0Input/output error\0')).rejects.toMatchObject({
    code: 'damaged-image',
    message: 'cannot read /a: Input/output error',
  })
})

test.each(['x', 'z 0644 0 0 0 0 0\0a\0\0\0\0\0', FILE.slice(0, -1), `${FILE}f\0`])(
  'what is no record is refused: %j',
  async (text) => {
    await expect(parse(text)).rejects.toMatchObject({ code: 'native' })
  },
)
