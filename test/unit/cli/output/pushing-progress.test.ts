import { expect, test } from 'vitest'
import { showPushing } from '../../../../cli/output/pushing-progress.ts'
import type { CreateEvent } from '../../../../lib/imagetools/create.ts'

/** What is written of some events, one each 100 ms. */
function shown(mode: string, events: CreateEvent[], columns?: number): string {
  let text = ''
  let time = 0
  const write = (piece: string | Uint8Array): boolean => {
    text += piece
    return true
  }
  const out = { write, isTTY: columns !== undefined, columns: columns ?? 0 }
  const show = showPushing(mode, out, () => time)
  for (const event of events) {
    show(event)
    time += 100
  }
  return text
}

const tag = 'a.example/b:c'
const events: CreateEvent[] = [
  { type: 'start', tag },
  { type: 'log', tag, text: 'copying\u001b[2J x' },
  { type: 'failed', tag, reason: 'no' },
  { type: 'start', tag },
  { type: 'done', tag },
]

test('plain, what failed with what it had said', () => {
  expect(shown('plain', events)).toBe(`#1 [internal] pushing ${tag}
#1 0.100 copying[2J x
#1 ERROR: no
------
 > [internal] pushing ${tag}:
0.100 copying[2J x
------

#2 [internal] pushing ${tag}
#2 DONE 0.1s
`)
  expect(shown('auto', events)).toBe(shown('plain', events))
})

test('on a terminal one line each, not wider than it', () => {
  const text = shown('auto', events, 24)
  const lines = text.replaceAll('\n', '').split('\r\u001b[K').slice(1)
  expect(lines).toEqual([
    ' => [internal] pushing ',
    ' => [internal] pushing ',
    ' => ERROR [internal] pu',
    ' => [internal] pushing ',
    ' => [internal] pushing ',
  ])
  expect(shown('tty', events.slice(3), 80)).toMatch(/pushing a\.example\/b:c 0\.1s\n$/)
})

test('nothing, or not at all', () => {
  expect(shown('quiet', events)).toBe('')
  expect(() => shown('tty', [])).toThrow('failed to get console: provided file is not a console')
  expect(() => shown('foo', [])).toThrow('invalid progress mode foo')
})
