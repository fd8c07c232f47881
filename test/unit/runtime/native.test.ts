import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { parseReports, runNative } from '../../../lib/runtime/native.ts'

const shell = (script: string, input?: Readable) =>
  runNative({ program: '/bin/sh', args: ['-c', script], ...(input ? { input } : {}) })

test('report lines are returned in order', async () => {
  expect(await shell(`echo '{"event":"probed","check":"a","ok":true,"message":""}'`)).toEqual([
    { event: 'probed', check: 'a', ok: true, message: '' },
  ])
})

test.each([
  ['not-found', 'command-not-found'],
  ['no-space', 'no-space'],
  ['setup', 'host-setup'],
])('a failure of kind %s is the error %s', async (kind, code) => {
  const line = `{"event":"failed","kind":"${kind}","step":"x","errno":1,"message":"it failed"}`
  await expect(shell(`echo '${line}'; exit 1`)).rejects.toMatchObject({
    code,
    message: 'it failed',
  })
})

test('an end without explanation is an error that quotes standard error', async () => {
  await expect(shell('echo oops >&2; exit 3')).rejects.toThrow('failed with exit code 3: oops')
  await expect(shell('kill -9 $$')).rejects.toThrow('SIGKILL')
})

test('a program that is not there is named', async () => {
  await expect(runNative({ program: '/no/such', args: [] })).rejects.toThrow('/no/such')
})

test('input is streamed; a reader that leaves early is no error of the source', async () => {
  const reports = await shell(
    `n=$(wc -c); echo "{\\"event\\":\\"applied\\",\\"diffId\\":\\"x\\",\\"bytes\\":$n,\\"entries\\":0}"`,
    Readable.from([Buffer.alloc(100_000), Buffer.alloc(1)]),
  )
  expect(reports).toMatchObject([{ bytes: 100_001 }])
  await expect(shell('exit 0', Readable.from([Buffer.alloc(10_000_000)]))).resolves.toEqual([])
})

test('a source that fails is the cause', async () => {
  const broken = new Readable({
    read() {
      this.destroy(new Error('connection lost'))
    },
  })
  await expect(shell('cat >/dev/null; exit 1', broken)).rejects.toThrow('connection lost')
})

test('what is no report is refused', () => {
  expect(() => parseReports('hello\n')).toThrow('something unexpected: hello')
  expect(() => parseReports('{"no":"event"}\n')).toThrow('something unexpected')
  expect(parseReports('\n')).toEqual([])
})
