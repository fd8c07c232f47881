import { describe, expect, test } from 'vitest'
import { bytesOfKeys, DetachKeys } from '../../../api/streams/detach-keys.ts'
import { MonitorOutput } from '../../../api/streams/monitor-output.ts'
import { streamFrame } from '../../../api/streams/stream-frame.ts'
import { frame } from '../../../lib/runtime/control.ts'

const text = (value: string): Buffer => Buffer.from(value)

describe('detach keys', () => {
  /** What goes on of each chunk; a bar: detached. */
  const typed = (keys: string, ...chunks: string[]): string[] => {
    const detach = new DetachKeys(keys)
    return chunks.map((chunk) => {
      const { bytes, isDetached } = detach.filter(text(chunk))
      return bytes.toString('latin1') + (isDetached ? '|' : '')
    })
  }

  test.each([
    ['', ['abc'], ['abc']],
    ['', ['a\x10\x11b'], ['a|']],
    ['', ['a\x10', '\x11'], ['a', '|']],
    ['', ['\x10', 'x'], ['', '\x10x']],
    ['', ['\x10\x10', '\x11'], ['\x10', '|']],
    ['a,b,a,c', ['ababac'], ['ab|']],
    ['ctrl-@,ctrl-_', ['\0\x1f'], ['|']],
    ['x', ['axb'], ['a|']],
  ])('%j: %j', (keys, chunks, passed) => {
    expect(typed(keys, ...chunks)).toEqual(passed)
  })

  test.each(['', 'ctrl-p'])('bytes of %j', (keys) => {
    expect([...bytesOfKeys(keys)]).toEqual(keys === '' ? [] : [16])
  })

  test.each([',', 'ab', 'ctrl-', 'ctrl-A', 'ctrl-aa', 'a,'])('%j are none', (keys) => {
    expect(() => new DetachKeys(keys)).toThrow(`Invalid detach keys (${keys}) provided`)
  })
})

describe('frames of a monitor', () => {
  const SENT = Buffer.concat([
    frame('P', text('{"event":"started","pid":1}')),
    frame('o', text('out')),
    frame('e', text('err')),
    frame('Y', text('{}')),
    frame('o', Buffer.alloc(70_000 % 65_536, 1)),
    frame('X', text('{"event":"exited","exitCode":0}')),
    frame('o', text('never')),
  ])
  const WANTED = Buffer.concat([
    streamFrame(1, text('out')),
    streamFrame(2, text('err')),
    streamFrame(1, Buffer.alloc(70_000 % 65_536, 1)),
  ])
  const BARE = Buffer.concat([text('outerr'), Buffer.alloc(70_000 % 65_536, 1)])

  const taken = (size: number, isBare: boolean): Buffer => {
    const output = new MonitorOutput(isBare)
    const sent = Buffer.from(SENT)
    const parts: Buffer[] = []
    for (let start = 0; start < sent.length; start += size) {
      parts.push(Buffer.from(output.take(sent.subarray(start, start + size))))
    }
    expect([output.hasStarted, output.isOver]).toEqual([true, true])
    return Buffer.concat(parts)
  }

  test.each([1, 2, 3, 5, 7, 8, 9, 64, 4096, 1_000_000])('in chunks of %i bytes', (size) => {
    expect(taken(size, false).equals(WANTED)).toBe(true)
    expect(taken(size, true).equals(BARE)).toBe(true)
  })

  test('of a start that did not come about', () => {
    const output = new MonitorOutput(false)
    expect(output.take(frame('F', text('{}'))).length).toBe(0)
    expect([output.hasStarted, output.isOver]).toEqual([false, true])
  })
})
