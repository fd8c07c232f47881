import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { lastExitCode } from '../../../api/streams/watch.ts'
import { nowNanoseconds } from '../../../lib/core/instant.ts'
import { journalPath } from '../../../lib/events/journal.ts'

// The clock here is early by up to a millisecond, that of monitors is not.
test('an end of just now is found', async () => {
  const data = mkdtempSync(join(tmpdir(), 'lighter-last-'))
  try {
    const file = journalPath(data)
    mkdirSync(dirname(file), { recursive: true })
    const Actor = { ID: 'a', Attributes: { exitCode: '7' } }
    for (let round = 0; round < 5; round++) {
      const time = nowNanoseconds() + 900_000n
      const event = { Type: 'container', Action: 'die', Actor, scope: 'local' }
      const text = JSON.stringify({ ...event, time: Number(time / 1_000_000_000n), timeNano: 0 })
      writeFileSync(file, `${text.replace('"timeNano":0', `"timeNano":${time}`)}\n`)
      expect(await lastExitCode(data, 'a')).toBe(7)
    }
  } finally {
    rmSync(data, { recursive: true })
  }
})
