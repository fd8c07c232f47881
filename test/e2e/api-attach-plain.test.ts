import { connect } from 'node:net'
import { beforeAll, expect, test } from 'vitest'
import { HELLO as image, serve } from '../helpers/served.ts'
import { until } from '../helpers/until.ts'

// Docker's library for Ruby asks for no upgrade, and writes standard input behind the request once it is answered.
const { world, service, ask } = serve('api-attach-plain', { quiet: true, removed: 'all' })

beforeAll(async () => {
  const host = { NetworkMode: 'none' }
  for (const [name, document] of [
    ['reader', { Cmd: ['cat'], OpenStdin: true, StdinOnce: true }],
    ['host', { Cmd: ['sleep', '1000'] }],
  ] as const) {
    await ask('POST', `/containers/create?name=${name}`, {
      Image: image,
      HostConfig: host,
      ...document,
    })
    await ask('POST', `/containers/${name}/start`)
  }
})

/** Sends a request, then this text and the end; everything that is answered behind the head. */
async function talk(path: string, body: string, text: string): Promise<string> {
  const socket = connect({ path: service.socket, allowHalfOpen: true })
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const ended = new Promise<void>((resolve, reject) => {
    socket.once('end', resolve).once('error', reject)
  })
  const said = () => Buffer.concat(chunks).toString('latin1')
  const about = `Content-Type: application/json\r\nContent-Length: ${body.length}`
  socket.write(`POST ${path} HTTP/1.1\r\nHost: d\r\n${about}\r\n\r\n${body}`)
  await until(() => said().includes('\r\n\r\n'), 'the head is there')
  socket.end(text)
  await ended
  expect(said()).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  return said().slice(said().indexOf('\r\n\r\n') + 4)
}

const frame = (text: string) => `\x01\0\0\0${String.fromCharCode(0, 0, 0, text.length)}${text}`

test('attach and exec: what follows the request is standard input, and its end no leaving', async () => {
  const attached = await talk('/containers/reader/attach?stream=1&stdin=1&stdout=1', '', 'a\nb\n')
  expect(attached).toBe(frame('a\nb\n'))
  // It could be another request.
  const request = 'GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n'
  const document = { Cmd: ['cat'], AttachStdin: true, AttachStdout: true }
  const { Id } = (await ask('POST', '/containers/host/exec', document)).json()
  expect(await talk(`/exec/${Id}/start`, '{}', request)).toBe(frame(request))
  expect((await ask('GET', `/exec/${Id}/json`)).json().ExitCode).toBe(0)
  expect((await world.lighter(['ps', '-q'])).stdout.split('\n').filter(Boolean)).toHaveLength(1)
})
