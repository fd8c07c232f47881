import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, expect, test } from 'vitest'
import { serve } from '../helpers/served.ts'
import { startService } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'

const { world, service } = serve('service')

describe('versions', () => {
  test('a path without one, and all that are known', async () => {
    for (const prefix of ['', '/v1.24', '/v1.51']) {
      const { status, text, headers } = await service.ask('GET', `${prefix}/_ping`)
      expect([status, text, headers['api-version']]).toEqual([200, 'OK', '1.51'])
    }
  })

  test.each([
    [
      '1.23',
      'client version 1.23 is too old. Minimum supported API version is 1.24, please upgrade your client to a newer version',
    ],
    ['1.52', 'client version 1.52 is too new. Maximum supported API version is 1.51'],
    ['2.0', 'client version 2.0 is too new. Maximum supported API version is 1.51'],
  ])('%s is refused', async (version, message) => {
    const answer = await service.ask('GET', `/v${version}/_ping`)
    expect([answer.status, answer.json()]).toEqual([400, { message }])
  })

  test('what is no endpoint', async () => {
    for (const path of ['/nosuch', '/v1.41/', '/containers/%ff/json', '/v1.41x/_ping']) {
      const answer = await service.ask('GET', path)
      expect([answer.status, answer.json()]).toEqual([404, { message: 'page not found' }])
    }
  })
})

describe('the socket', () => {
  test('is the user’s alone', () => {
    expect((statSync(service.socket).mode & 0o777).toString(8)).toBe('600')
  })

  test('has one service; what a killed one left is replaced', async () => {
    const second = await world.lighter(['system', 'service', service.host])
    expect(second).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/another service listens there already\n$/),
    })
    const path = `${world.home}/own.sock`
    const killed = await startService(world, ['--time', '0'], path)
    killed.child.kill('SIGKILL')
    await until(() => killed.child.exitCode !== null || killed.child.signalCode !== null, 'it ends')
    expect(existsSync(path)).toBe(true)
    const next = await startService(world, ['--time', '0'], path)
    expect((await next.ask('GET', '/_ping')).text).toBe('OK')
    await next.stop()
    expect(existsSync(path)).toBe(false)
  })

  // Docker's client connects before it has read what it sends.
  test('stays for who has connected and not yet asked', async () => {
    const brief = await startService(world, ['--time', '1'], `${world.home}/patient.sock`)
    const client = connect(brief.socket)
    await once(client, 'connect')
    // It begins to wait later, and has ended when the idle time is over.
    const clock = await startService(world, ['--time', '1'], `${world.home}/clock.sock`)
    await until(() => clock.child.exitCode !== null, 'the idle time is over')
    client.end('GET /_ping HTTP/1.0\r\n\r\n')
    expect(await text(client)).toMatch(/^HTTP\/1\.1 200 OK\r\n.*OK$/s)
    await until(() => brief.child.exitCode !== null, 'it ends')
    expect(brief.child.exitCode).toBe(0)
  })

  test('ends when nobody asks', async () => {
    const brief = await startService(world, ['--time', '1'], `${world.home}/brief.sock`)
    expect((await brief.ask('GET', '/_ping')).status).toBe(200)
    await until(() => brief.child.exitCode !== null, 'it ends')
    expect(brief.child.exitCode).toBe(0)
  })
})
