import { describe, expect, test } from 'vitest'
import { ExportParser, recordOf } from '../../../lib/container/journal-entries.ts'

const length = (count: number): Buffer => {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(count))
  return bytes
}

/** Two entries; the message of the second has a newline, and a byte that is no text. */
const stream = Buffer.concat([
  Buffer.from(
    '__CURSOR=s=1;i=2\n__REALTIME_TIMESTAMP=1764108000123456\nPRIORITY=6\nMESSAGE=one\n\n',
  ),
  Buffer.from(
    '__CURSOR=s=1;i=3\n_PID=1\nTEAM=red\nSYSLOG_TIMESTAMP=2026-11-25T22:00:00.5Z\nMESSAGE\n',
  ),
  length(6),
  Buffer.from([0x61, 0x0a, 0x0a, 0xff, 0x3d, 0x62]),
  Buffer.from('\nPRIORITY=3\nCONTAINER_PARTIAL_MESSAGE=true\n\n'),
])

describe('entries of the journal', () => {
  test.each([1, 2, 7, 64, stream.length])('in pieces of %i bytes', (size) => {
    const parser = new ExportParser()
    const entries = []
    for (let at = 0; at < stream.length; at += size)
      entries.push(...parser.feed(stream.subarray(at, at + size)))
    expect(entries.map((entry) => entry.get('__CURSOR')?.toString())).toEqual([
      's=1;i=2',
      's=1;i=3',
    ])
    expect(entries.map(recordOf)).toEqual([
      { stream: 'stdout', text: 'one\n', time: '2025-11-25T22:00:00.123456Z', attributes: {} },
      {
        stream: 'stderr',
        text: 'a\n\n\ufffd=b',
        time: '2026-11-25T22:00:00.5Z',
        attributes: { TEAM: 'red' },
      },
    ])
  })
})
