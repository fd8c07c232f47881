import { rmSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { lazyCrypto } from '../../core/lazy.ts'
import { listNames } from '../../fs/drafts.ts'
import { readSmallFile } from '../../fs/read.ts'
import { makeDirectory, replaceFile } from '../../fs/replace.ts'
import type { Content, FileIdentity } from './directory-view.ts'

/*
 * The file: this magic of 16 bytes, records, SHA-256 of all before it. A record is five u64 of an identity, the digest (32 bytes) and the attributes
 * (16 bytes, zeros: none), in the byte order of the machine.
 */
const MAGIC = Buffer.from('lighter files 1\n')
const NUMBERS = 5
/** Which of them an inode's number is. */
const INODE = 1
const DIGEST = 32
const ATTRIBUTES = 16
const RECORD = NUMBERS * 8 + DIGEST + ATTRIBUTES
const SUM = 32
/** Records of one file, 44 MB; those that were used last stay. */
const MOST_RECORDS = 500_000
const MAX_FILE = MAGIC.length + MOST_RECORDS * RECORD + SUM
/** Contexts that are remembered, those that were used last. */
const MOST_FILES = 64
/** A file that changes within this time after it was read may look the same as before: nanoseconds. */
const SETTLED = 2_000_000_000n

/** Where the memory of a context is. */
export const memoryPath = (data: string, directory: string): string =>
  join(
    data,
    'cache/contexts',
    lazyCrypto().createHash('sha256').update(directory).digest('hex').slice(0, 32),
  )

/** The records of a file. */
interface Records {
  bytes: Buffer
  /** The same, as numbers. */
  numbers: BigUint64Array
  /** Number of the record of an inode. */
  byInode: ReadonlyMap<number, number>
  /** Which were asked for. */
  used: Uint8Array
}

/** What the files of a context were found to have, by their identities: so that those that did not change are not read again. */
export class ContentMemory {
  readonly #path: string | undefined
  /** What is new, by `keyOf`. */
  readonly #fresh = new Map<string, Content>()
  #records: Records | undefined
  #isSaved = true

  /** `path`: where it is kept, if anywhere. What cannot be read, or is not whole, is empty. */
  constructor(path: string | undefined) {
    this.#path = path
  }

  find(identity: FileIdentity): Content | undefined {
    const records = this.#load()
    const index = records.byInode.get(Number(identity.ino))
    if (index !== undefined && isOf(records, index, identity)) {
      records.used[index] = 1
      return contentOf(records, index)
    }
    return this.#fresh.get(keyOf(identity))
  }

  /** `at`: when it was read, in nanoseconds since 1970. What changed shortly before that may change again and look the same. */
  add(identity: FileIdentity, content: Content, at: bigint): void {
    const { mtime, ctime } = identity
    if (mtime > at - SETTLED || ctime > at - SETTLED) return
    this.#fresh.set(keyOf(identity), content)
    this.#isSaved = false
  }

  /** Keeps what is new for the next build. A memory that cannot be written costs time and nothing else. */
  save(): void {
    if (this.#isSaved || this.#path === undefined) return
    try {
      makeDirectory(dirname(this.#path))
      replaceFile(this.#path, this.#serialize())
      this.#isSaved = true
      forgetOldest(dirname(this.#path))
    } catch {
      // A full disk, for example.
    }
  }

  #load(): Records {
    this.#records ??= readRecords(this.#path)
    return this.#records
  }

  /** What is new first, then what was used, then the rest: the end is what is forgotten. */
  #serialize(): Buffer {
    const fresh = [...this.#fresh].map(([key, content]) => recordOf(numbersOf(key), content))
    const inodes = new Set([...this.#fresh.keys()].map((key) => Number(numbersOf(key)[INODE])))
    const { bytes, byInode, used } = this.#load()
    const old = [...byInode].flatMap(([ino, index]) => (inodes.has(ino) ? [] : [index]))
    const order = [
      ...old.filter((index) => used[index] === 1),
      ...old.filter((index) => used[index] !== 1),
    ]
    const records = order.map((index) => bytes.subarray(index * RECORD, (index + 1) * RECORD))
    const body = Buffer.concat([MAGIC, ...[...fresh, ...records].slice(0, MOST_RECORDS)])
    return Buffer.concat([body, lazyCrypto().createHash('sha256').update(body).digest()])
  }
}

function isOf({ numbers }: Records, index: number, identity: FileIdentity): boolean {
  const at = (index * RECORD) / 8
  const { dev, ino, size, mtime, ctime } = identity
  return (
    numbers[at] === dev &&
    numbers[at + 1] === ino &&
    numbers[at + 2] === size &&
    numbers[at + 3] === BigInt.asUintN(64, mtime) &&
    numbers[at + 4] === BigInt.asUintN(64, ctime)
  )
}

function contentOf({ bytes, numbers }: Records, index: number): Content {
  const at = index * RECORD + NUMBERS * 8
  const attributes = at + DIGEST
  const has = numbers[attributes / 8] !== 0n || numbers[attributes / 8 + 1] !== 0n
  return {
    digest: bytes.toString('hex', at, attributes),
    attributes: has ? bytes.toString('hex', attributes, attributes + ATTRIBUTES) : '',
  }
}

const keyOf = ({ dev, ino, size, mtime, ctime }: FileIdentity): string =>
  `${dev} ${ino} ${size} ${mtime} ${ctime}`

const numbersOf = (key: string): bigint[] => key.split(' ').map(BigInt)

function recordOf(numbers: bigint[], content: Content): Buffer {
  const record = Buffer.alloc(RECORD)
  new BigUint64Array(record.buffer, record.byteOffset, NUMBERS).set(numbers)
  record.write(content.digest, NUMBERS * 8, 'hex')
  record.write(content.attributes, NUMBERS * 8 + DIGEST, 'hex')
  return record
}

function readRecords(path: string | undefined): Records {
  const bytes = readBytes(path)
  const numbers = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8)
  const count = bytes.length / RECORD
  const byInode = new Map<number, number>()
  // Of several the first one counts: it is the latest.
  for (let index = count - 1; index >= 0; index--) {
    byInode.set(Number(numbers[(index * RECORD) / 8 + 1]), index)
  }
  return { bytes, numbers, byInode, used: new Uint8Array(count) }
}

/** In memory that numbers of 64 bits can be read from where they are. */
function readBytes(path: string | undefined): Buffer {
  const none = Buffer.from(new ArrayBuffer(0))
  if (path === undefined) return none
  let bytes: Buffer | undefined
  try {
    bytes = readSmallFile(path, MAX_FILE)
  } catch {
    return none
  }
  if (!bytes || bytes.length < MAGIC.length + SUM) return none
  const body = bytes.subarray(0, -SUM)
  const sum = lazyCrypto().createHash('sha256').update(body).digest()
  const length = body.length - MAGIC.length
  if (!body.subarray(0, MAGIC.length).equals(MAGIC) || !sum.equals(bytes.subarray(-SUM)))
    return none
  if (length % RECORD !== 0) return none
  const records = Buffer.from(new ArrayBuffer(length))
  body.copy(records, 0, MAGIC.length)
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Somebody else's to say which were used last.
  }
  return records
}

function forgetOldest(directory: string): void {
  const files = listNames(directory).flatMap((name) => {
    const path = join(directory, name)
    const stat = statSync(path, { throwIfNoEntry: false })
    return stat ? [{ path, used: stat.mtimeMs }] : []
  })
  files.sort((one, other) => other.used - one.used)
  for (const { path } of files.slice(MOST_FILES)) rmSync(path, { force: true })
}
