import { describe, expect, test } from 'vitest'
import { CONTEXT, copyOf, copyYard } from '../helpers/copy-yard.ts'

const { yard, layer, from, failure, made } = copyYard('build-copy')

const content = (owner: string, path: string, modes = ['0644', '0777', '0750']): string[] => [
  `f ${modes[0]} ${owner} 1 ${path}/g`,
  `f ${modes[0]} ${owner} 1 ${path}/g2`,
  `l ${modes[1]} ${owner} 0 ${path}/l|g`,
  `p ${modes[0]} ${owner} 0 ${path}/p`,
  `d ${modes[2]} ${owner} 0 ${path}/sub`,
  `f ${modes[0]} ${owner} 0 ${path}/sub/s`,
]

describe('COPY, as the BuildKit of Docker 26.1 does it', () => {
  test('of a directory takes what is in it', async () => {
    expect(await made(copyOf('/t/new', ['d']), copyOf('/t/ex', ['d']))).toEqual([
      'd 0711 3 4 0 /ex',
      ...content('0 0', '/ex'),
      'd 0755 0 0 0 /new',
      ...content('0 0', '/new').map((line) => line.replace('0 0 1', '0 0 2')),
    ])
    const times = `cd ${yard.at('upper')}/t; stat -c %Y new/sub new/g ex/sub`
    expect(await yard.shell(times)).toBe('1000000000\n1000000000\n1000000000\n')
  })

  test.each([
    ['/t/lnk', '/ex/f', 'd 0711 3 4 0 /ex'],
    ['/t/lnk/', '/ex/f', 'd 0711 3 4 0 /ex'],
    ['/t/dang', '/nowhere'],
    ['/t/file', '/file'],
    ['/t/n1/n2', '/n1/n2', 'd 0755 0 0 0 /n1'],
    ['/t/n1/n2/', '/n1/n2/f', 'd 0755 0 0 0 /n1', 'd 0755 0 0 0 /n1/n2'],
    ['/../../t/rd/sub/../x', '/x'],
  ])('of a file to %s', async (to, path, ...parents) => {
    expect(await made(copyOf(to, ['f']))).toEqual([...parents, `f 4755 0 0 0 ${path}`])
  })

  test.each([
    ['u:gr', '55 77'],
    ['u', '55 66'],
    ['55', '55 55'],
    [':gr', '0 77'],
    ['u:88', '55 88'],
    ['gr:gr', '0 77'],
    ['nobodyknows', '0 0'],
    ['u:nogroup', '55 66'],
    [{ uid: 12, gid: 13 }, '12 13'],
  ])('for %j', async (owner, ids) => {
    expect(await made(copyOf('/t/new/deep', ['d'], { owner }))).toEqual([
      `d 0755 ${ids} 0 /new`,
      `d 0755 ${ids} 0 /new/deep`,
      ...content(ids, '/new/deep'),
    ])
  })

  test.each<[string | number, string[]]>([
    [0o640, ['0640', '0777', '0640']],
    ['u=rwX,go=rX', ['0644', '0777', '0755']],
    ['0604', ['0604', '0777', '0604']],
  ])('with mode %s', async (mode, modes) => {
    expect(await made(copyOf('/t/c', ['d'], { mode }))).toEqual([
      'd 0755 0 0 0 /c',
      ...content('0 0', '/c', modes),
    ])
  })

  test('of several', async () => {
    expect(await made(copyOf('/t/many/', ['f', 'e', 'd']))).toEqual([
      'd 0755 0 0 0 /many',
      'l 0777 0 0 0 /many/abs|/outside',
      'f 4755 0 0 0 /many/f',
      ...content('0 0', '/many'),
      'f 0644 0 0 0 /many/x',
    ])
  })

  test('of a part', async () => {
    const only = [
      { path: 'd', whole: false },
      { path: 'd/sub', whole: true },
      { path: 'e/x', whole: true },
    ]
    expect(await made({ op: 'copy', items: [{ from: '', to: '/t/a', only }] })).toEqual([
      'd 0755 0 0 0 /a',
      'd 0700 0 0 0 /a/d',
      'd 0750 0 0 0 /a/d/sub',
      'f 0644 0 0 0 /a/d/sub/s',
      'd 0755 0 0 0 /a/e',
      'f 0644 0 0 0 /a/e/x',
    ])
  })

  test('of layers, with what they hide', async () => {
    await yard.step(
      'overlay',
      ['base'],
      'over',
      'rm etc/group; rm -r t; mkdir -p t/ex/sub; echo 1 >t/ex/sub/new; chown 5:6 t/ex',
    )
    await yard.seal('over', ['base'])
    const source = { layers: [yard.at('over'), yard.at('base')] }
    expect(
      await made(copyOf('/t/x', ['t'], { source }), copyOf('/t/e', ['etc'], { source })),
    ).toEqual([
      'd 0755 0 0 0 /e',
      'f 0644 0 0 0 /e/passwd',
      'd 0755 0 0 0 /x',
      'd 0755 5 6 0 /x/ex',
      'd 0755 0 0 0 /x/ex/sub',
      'f 0644 0 0 0 /x/ex/sub/new',
    ])
  })

  test('leaves no layer where all is there already', async () => {
    await yard.shell(`mkdir ${yard.at('same')}`)
    const request = {
      source: from('context'),
      operations: [copyOf('/t/new', ['d'])],
      seal: {},
    }
    await yard.copy(['base'], 'same', request)
    const report = await yard.copy(['same', 'base'], 'upper', request)
    expect(report).toMatchObject({ entries: 0 })
  })

  test.each([
    ['d', '/t/file', 'cannot copy to non-directory: /t/file'],
    ['d', '/t/rd', 'cannot copy to non-directory: /t/rd/sub'],
    ['f', '/t/file/x', 'mkdir /t/file: not a directory'],
    ['f', '/t/file/', 'mkdir /t/file: not a directory'],
    ['none', '/t/x', '"/none" changed while it was copied'],
    ['d/l/x', '/t/x', '"/d/l/x" changed while it was copied'],
    ['e/abs/etc', '/t/x', '"/e/abs/etc" changed while it was copied'],
  ])('refuses %s to %s', async (name, to, message) => {
    expect(await failure(copyOf(to, [name]))).toBe(message)
  })

  test('refuses a file in the place of a directory', async () => {
    await yard.shell(`mkdir -p ${yard.at('context')}/x; echo >${yard.at('context')}/x/ex`)
    expect(await failure(copyOf('/t', ['x']))).toBe('cannot replace to directory /t/ex with file')
  })
})

describe('ADD of an archive', () => {
  const add = (to: string, name: string, more: object = {}) =>
    copyOf(to, [name], { unpack: true, ...more })

  test.each(['all.tar', 'all.txz', 'all.tbz'])('%s', async (name) => {
    const lines = await made(add('/t/n', name, { owner: '1:2' }))
    expect(lines.filter((line) => !line.includes('/n/e'))).toEqual([
      'd 0755 1 2 0 /n',
      'd 0700 9 8 0 /n/d',
      ...content('9 8', '/n/d'),
    ])
  })

  test('leaves the directory as it is that it is unpacked into', async () => {
    expect(await made(add('/t/ex', 'all.tgz'))).toEqual([
      'd 0711 3 4 0 /ex',
      ...content('9 8', '/ex'),
    ])
  })

  test('replaces what is there, and goes through links where it names no directory', async () => {
    await yard.clear()
    await yard.shell(
      `mkdir ${yard.at('context')} ${yard.at('upper')}; cd ${yard.at('context')}; ${CONTEXT}`,
    )
    await layer(
      'base',
      'mkdir -p t/d/g t/e/abs t/x t/in; ln -s /t/e t/d/sub; echo >t/e/x; ln -s /t/x t/in/d',
    )
    const lines = await made(add('/t', 'all.tar'), add('/t/in', 'implied.tar'))
    expect(lines).toEqual([
      'd 0700 9 8 0 /d',
      ...content('9 8', '/d'),
      'd 0755 9 8 0 /e',
      'l 0777 9 8 0 /e/abs|/outside',
      'f 0644 9 8 0 /e/x',
      'd 0755 0 0 0 /x',
      'd 0755 0 0 0 /x/sub',
      'f 0644 9 8 0 /x/sub/s',
    ])
    expect(await yard.shell(`ls -A ${yard.at('.')} | grep unpack || true`)).toBe('')
  })

  test('that is none copies it', async () => {
    const names = ['no.tar', 'empty.tar', 'zeros.tar']
    expect(await made(copyOf('/t/no/', names, { unpack: true }))).toEqual([
      'd 0755 0 0 0 /no',
      ...names.sort().map((name) => `f 0644 0 0 0 /no/${name}`),
    ])
  })
})

test('directories and files that are made', async () => {
  expect(
    await made(
      { op: 'mkdir', path: '/t/w1/w2', mode: 0o755, owner: { uid: 5, gid: 6 }, time: 77 },
      { op: 'mkdir', path: '/t/lnk/w3' },
      { op: 'write', path: '/t/ex/sub/s', content: 'aGVsbG8=', mode: 0o600, owner: 'u', time: 77 },
    ),
  ).toEqual([
    'd 0711 3 4 0 /ex',
    'd 0711 3 4 0 /ex/sub',
    'f 0600 55 66 0 /ex/sub/s',
    'd 0755 0 0 0 /ex/w3',
    'd 0755 5 6 0 /w1',
    'd 0755 5 6 0 /w1/w2',
  ])
  expect(
    await yard.inside(`cd ${yard.at('upper')}/t; cat ex/sub/s; stat -c %Y ex/sub/s w1 w1/w2`),
  ).toBe('hello77\n77\n77\n')
  expect(await failure({ op: 'mkdir', path: '/etc/passwd' })).toBe(
    'mkdir /etc/passwd: not a directory',
  )
  expect(await failure({ op: 'write', path: '/t', content: '' })).toBe(
    'cannot replace to directory /t with file',
  )
})

test('a list says what is where, and what is not', async () => {
  const digest = '87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7'
  await layer(
    'files',
    'mkdir d; echo a >d/a; ln d/a d/b; ln -s a d/l; mkfifo p; setfattr -n user.x -v y p 2>/dev/null || setfattr -n user.x -v y d',
  )
  const [attributes] = (await yard.list(['files'], ['d'], '--depth', '0')).map(
    (line) => line.split('|')[4],
  )
  expect(attributes).toMatch(/^[0-9a-f]{64}$/)
  expect(await yard.list(['files', 'base'], ['d', '/p', 'd/l/x', 'none', 't/ex'])).toEqual([
    `d 0755 0 0 0 0|d|||${attributes}`,
    `f 0644 0 0 2 1|d/a||${digest}`,
    `f 0644 0 0 2 1|d/b||${digest}`,
    'l 0777 0 0 0 0|d/l|a',
    'p 0644 0 0 0 0|p',
    '- 0 0 0 0 0|d/l/x',
    '- 0 0 0 0 0|none',
    'd 0711 3 4 0 0|t/ex',
    'd 0711 3 4 0 0|t/ex/sub',
  ])
  expect(await yard.list(['files'], [''], '--depth', '1', '--no-digest')).toEqual([
    'd 0755 0 0 0 0',
    'd 0755 0 0 0 0|d',
    'p 0644 0 0 0 0|p',
  ])
})
