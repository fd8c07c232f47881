import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { containersOf, HELLO as image, refusal, serve } from '../helpers/served.ts'

const { world, service, ask } = serve('api-commit', { quiet: true, removed: ['made', 'never'] })

const { run, untilEnded } = containersOf({ ask })

/** A container that has changed its files, and ended. */
async function make(script: string, more: object = {}): Promise<void> {
  await run(script, more)
  await untilEnded('made')
}

async function listing(archive: Buffer): Promise<string[]> {
  const { Parser } = await import('tar')
  const names: string[] = []
  const parser = new Parser({
    onReadEntry: (entry) => {
      names.push(entry.path)
      entry.resume()
    },
  })
  await new Promise((resolve, reject) => {
    parser.on('end', resolve).on('error', reject)
    Readable.from([archive]).pipe(parser)
  })
  return names
}

describe('the whole of it', () => {
  test('changes', async () => {
    await make('echo x >/new; echo x >>/etc/group; rm /etc/hostname; mkdir "/a\nD b"')
    expect((await service.ask('GET', '/containers/made/changes')).json()).toEqual(
      expect.arrayContaining([
        { Path: '/new', Kind: 1 },
        { Path: '/etc', Kind: 0 },
        { Path: '/etc/group', Kind: 0 },
        { Path: '/a\nD b', Kind: 1 },
      ]),
    )
    await service.ask('POST', '/containers/create?name=never', { Image: image })
    expect((await service.ask('GET', '/containers/never/changes')).text).toBe('null\n')
    expect((await service.ask('GET', '/containers/nosuch/changes')).status).toBe(404)
  })

  test('export', async () => {
    await make('echo x >/new')
    const { status, headers, body } = await service.ask('GET', '/containers/made/export')
    expect([status, headers['content-type']]).toEqual([200, 'application/octet-stream'])
    expect(await listing(body)).toEqual(expect.arrayContaining(['new', 'bin/sh', 'etc/passwd']))
    expect((await service.ask('GET', '/containers/nosuch/export')).status).toBe(404)
  })
})

describe('commit', () => {
  const configOf = async (id: string) =>
    JSON.parse((await world.lighter(['image', 'inspect', id])).stdout)[0].Config
  const commit = (query: string, body?: unknown) =>
    service.ask('POST', `/commit?container=made&${query}`, body)

  test('with changes and a name', async () => {
    await make('echo x >/new', { Env: ['OWN=1'], Labels: { own: '1' } })
    const answer = await commit(
      'repo=made/it&tag=v1&author=me&comment=why&changes=ENV%20A=1%0ALABEL%20b=2',
    )
    expect([answer.status, answer.json()]).toEqual([201, { Id: expect.stringMatching(/^sha256:/) }])
    const config = await configOf('made/it:v1')
    expect(config.Env).toEqual(expect.arrayContaining(['OWN=1', 'A=1']))
    expect(config.Labels).toMatchObject({ own: '1', b: '2' })
    await world.lighter(['rmi', '-f', 'made/it:v1'])
  })

  test('with settings of the request, which the container’s fill', async () => {
    await make('true', {
      Env: ['OWN=1', 'Q=0'],
      Labels: { own: '1', n: '0' },
      ExposedPorts: { '90/tcp': {} },
    })
    const body = {
      Cmd: ['x'],
      Env: ['Q=1'],
      Labels: { n: 'm' },
      ExposedPorts: { '80/tcp': {} },
      User: 'u',
    }
    const id = (await commit('changes=LABEL%20z=1', body)).json().Id
    expect(await configOf(id)).toMatchObject({
      Cmd: ['x'],
      Env: expect.arrayContaining(['Q=1', 'OWN=1']),
      Labels: { own: '1', n: 'm', z: '1' },
      ExposedPorts: { '80/tcp': {}, '90/tcp': {} },
      User: 'u',
      Hostname: '',
    })
    await world.lighter(['rmi', '-f', id])
  })

  test('refuses', async () => {
    await make('true')
    expect(refusal(await commit('repo=BAD'))).toEqual([
      400,
      'invalid reference format: repository name (library/BAD) must be lowercase',
    ])
    expect(refusal(await commit('changes=BAD'))).toEqual([400, 'BAD is not a valid change command'])
    expect((await commit('', { Cmd: 5 })).status).toBe(400)
    expect(refusal(await service.ask('POST', '/commit?container=nosuch'))).toEqual([
      404,
      'No such container: nosuch',
    ])
  })
})
