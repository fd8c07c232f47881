import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { makeYard } from '../helpers/trees.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/** Version 2; for the owner rwx, for user 1 rwx, for the group r-x, the mask, for others r-x. */
const ACL =
  '02000000 01000700ffffffff 0200070001000000 04000500ffffffff 10000700ffffffff 20000500ffffffff'.replaceAll(
    ' ',
    '',
  )

/** The digest of an archive without an entry. */
const NOTHING = 'sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef'

let world: World
let yard: ReturnType<typeof makeYard>

beforeAll(() => {
  world = makeWorld('build-trees')
  yard = makeYard(world)
})
beforeEach(() => yard.clear())
afterAll(async () => {
  await yard.clear()
  await world.remove()
})

/** A layer of the yard that a script makes. */
async function layer(name: string, script: string): Promise<void> {
  await yard.shell(`mkdir ${yard.at(name)}`)
  await yard.inside(`cd ${yard.at(name)}; ${script}`)
  expect(await yard.seal(name, [])).toMatchObject({ event: 'sealed' })
}

/** Seals a tree, and looks whether its archive makes the same one wherever it is unpacked. Returns the names in the archive. */
async function sealed(name: string, below: readonly string[], ...more: string[]) {
  const report = await yard.seal(name, below, '--archive', yard.at('sealed.tar'), ...more)
  expect(report).toMatchObject({ event: 'sealed' })
  await yard.pack(name, 'packed.tar')
  await yard.shell(`cmp ${yard.at('sealed.tar')} ${yard.at('packed.tar')}`)
  const { diffId, entries, bytes } = await yard.apply('packed.tar', 'applied')
  expect(report).toMatchObject({ diffId, entries, bytes })
  expect(await yard.digest(name)).toBe(await yard.digest('applied'))
  return (await yard.shell(`tar -tf ${yard.at('sealed.tar')}`)).trimEnd().split('\n')
}

const BASE = `mkdir -p a/sub b c d/sub/deep e; echo 1 >a/f; echo 2 >a/sub/f; echo 3 >b/f; echo 4 >c/f
ln -s f c/l; mkfifo c/p; echo x >d/sub/deep/x; echo y >d/y; echo same >same; echo s >script; touch -d @1000000 same c/f script`

describe.each(['overlay', 'fuse-overlayfs'])('a step on %s', (driver) => {
  test('becomes a layer', async () => {
    await layer('base', BASE)
    const script = `rm a/f; rm -r b; mkdir b; echo n >b/new; rm -r d; mkdir -p d/sub; echo z >d/sub/z; rm c/l; mkdir c/l
      echo h >h1; chown 5:7 h1; chmod 4711 h1; ln h1 h2; mkfifo p; ln -s /nowhere l; echo >e/x; rm e/x; rm -r e; echo e >e
      setfattr -n user.foo -v bar c/f; truncate -s 1M sparse; echo end >>sparse; mkdir -m 1777 keep; touch -d @1500000000.5 h2`
    await yard.step(driver, ['base'], 'upper', script)
    expect(await sealed('upper', ['base'])).toEqual([
      ...['a/', 'a/.wh.f', 'b/', 'b/.wh.f', 'b/new', 'c/', 'c/f', 'c/l/', 'd/', 'd/sub/'],
      ...['d/sub/.wh.deep', 'd/sub/z', 'd/.wh.y', 'e', 'h1', 'h2', 'keep/', 'l', 'p', 'sparse'],
    ])
    expect(
      await yard.list(['upper', 'base'], ['h1', 'h2', 'keep', 'd', 'c/f'], '--no-digest'),
    ).toEqual([
      'f 4711 5 7 2 1|h1',
      'f 4711 5 7 2 1|h2',
      'd 1777 0 0 0 0|keep',
      'd 0755 0 0 0 0|d',
      'd 0755 0 0 0 0|d/sub',
      'f 0644 0 0 2 0|d/sub/z',
      'f 0644 0 0 2 0|c/f',
    ])
    expect(await yard.inside(`getfattr -Rdm- ${yard.at('upper')} | grep ^user`)).toBe(
      'user.foo="bar"\n',
    )
    expect(await yard.shell(`stat -c %Y.%y ${yard.at('upper/h1')}`)).toMatch(
      /^1500000000\.\S+ \S+\.0{9} /,
    )
    expect(Number(await yard.shell(`stat -c %b ${yard.at('upper/sparse')}`))).toBeLessThan(100)
  })

  test('says nothing of what is as it was', async () => {
    await layer('base', BASE)
    const script = `mv same x; mv x same; chmod 600 c/f; chmod 644 c/f; touch a; chmod 700 b; chmod 755 b
      echo >new; rm new; mkdir -p run/x; echo; : >run/y; ln -s /proc/mounts run/mtab`
    await yard.step(driver, ['base'], 'upper', script)
    const places = ['/run', '/run/x', '/run/y', '/run/mtab', '/a', '/c/f']
    expect(
      await sealed('upper', ['base'], ...places.flatMap((path) => ['--placeholder', path])),
    ).toEqual([''])
    expect(await yard.seal('upper', ['base'])).toMatchObject({
      diffId: NOTHING,
      entries: 0,
      size: 1024,
    })
    expect(await yard.shell(`ls -A ${yard.at('upper')}`)).toBe('')
  })

  test('has a file that got a name with both, however many it has below', async () => {
    await layer(
      'base',
      'echo x >a; ln a b; ln a c; echo y >d; echo z >e; ln e e2; touch -d @1000000 *',
    )
    const script = 'ln a new; ln d d2; chmod 600 e; chmod 644 e; chmod 600 e2; chmod 644 e2'
    await yard.step(driver, ['base'], 'upper', script)
    expect(await sealed('upper', ['base'])).toEqual(['a', 'd', 'd2', 'new'])
    expect(await yard.list(['upper'], ['a', 'new', 'd', 'd2'], '--no-digest')).toEqual([
      'f 0644 0 0 2 1|a',
      'f 0644 0 0 2 1|new',
      'f 0644 0 0 2 2|d',
      'f 0644 0 0 2 2|d2',
    ])
  })

  test('keeps mount points that something was put into', async () => {
    await layer('base', 'true')
    await yard.step(driver, ['base'], 'upper', 'mkdir -p m/n; echo 1 >m/f; mkdir -p o; : >p')
    const places = ['/m', '/m/n', '/m/f', '/p']
    expect(
      await sealed('upper', ['base'], ...places.flatMap((path) => ['--placeholder', path])),
    ).toEqual(['m/', 'm/f', 'o/'])
  })

  test('has no later time than is wished', async () => {
    await layer('base', 'mkdir a')
    await yard.step(
      driver,
      ['base'],
      'upper',
      'echo 1 >a/f; echo 2 >old; touch -d @500 old; ln -s x l',
    )
    await sealed('upper', ['base'], '--epoch', '1000')
    const times = `cd ${yard.at('upper')}; stat -c "%n %Y" a a/f old l`
    expect(await yard.shell(times)).toBe('a 1000\na/f 1000\nold 500\nl 1000\n')
    const { diffId } = await yard.seal('upper', ['base'])
    await yard.pack('upper', 'rewritten.tar', '--rewrite-timestamp', '600')
    expect(await yard.apply('rewritten.tar', 'rewritten')).not.toMatchObject({ diffId })
    expect(
      await yard.shell(`stat -c %Y ${yard.at('rewritten')}/a/f ${yard.at('rewritten')}/old`),
    ).toBe('600\n500\n')
  })
})

test('two steps of which the second undoes the first', async () => {
  await layer('base', 'echo 1 >f; mkdir d; echo 2 >d/g')
  await yard.step('overlay', ['base'], 'one', 'rm -r f d')
  expect(await sealed('one', ['base'])).toEqual(['.wh.d', '.wh.f'])
  await yard.step('overlay', ['one', 'base'], 'two', 'mkdir d; echo 3 >f')
  await yard.inside(`rm -rf ${yard.at('applied')}`)
  expect(await sealed('two', ['one', 'base'])).toEqual(['d/', 'f'])
  expect(await yard.list(['two', 'one', 'base'], ['d', 'f'], '--no-digest')).toEqual([
    'd 0755 0 0 0 0|d',
    'f 0644 0 0 2 0|f',
  ])
})

test('capabilities and lists of rights are kept, sockets are not', async () => {
  await layer('base', 'echo >s')
  const socket = `python3 -c "import socket; socket.socket(socket.AF_UNIX).bind(\\"s\\")"`
  const script = `cp /bin/true t; setcap cap_net_raw+ep t; mkdir d; setfattr -n system.posix_acl_default -v 0x${ACL} d; rm s; ${socket}; mv s s2; ${socket}`
  await yard.step('overlay', ['base'], 'upper', script)
  expect(await sealed('upper', ['base'])).toEqual(['d/', '.wh.s', 't'])
  expect(await yard.inside(`getcap ${yard.at('applied')}/t`)).toContain('cap_net_raw=ep')
  const rights = `getfattr --only-values -n system.posix_acl_default ${yard.at('applied')}/d | od -An -v -tx1`
  expect((await yard.inside(rights)).replace(/\s/g, '')).toBe(ACL)
})

test('names that are marks of layers', async () => {
  await layer('base', 'echo >f; mkdir d; echo >d/g; mkdir d/e')
  await yard.step(
    'overlay',
    ['base'],
    'upper',
    'echo >.wh.f; echo >.wh.none; echo >d/.wh..wh..opq; echo >d/h',
  )
  expect(await sealed('upper', ['base'])).toEqual(['d/', 'd/.wh.e', 'd/.wh.g', 'd/h', '.wh.f'])
  await yard.step('overlay', ['base'], 'bad', 'mkdir .wh.f')
  expect(await yard.seal('bad', ['base'])).toMatchObject({
    event: 'failed',
    kind: 'bad-input',
    message: "a layer can have no directory '.wh.f': names that begin with '.wh.' are its marks",
  })
})

test('a tree that is sealed already stays as it is', async () => {
  await layer('base', BASE)
  await yard.step(
    'overlay',
    ['base'],
    'upper',
    'rm -r d; mkdir -p d/sub; echo 1 >d/f; rm a/f; echo >>c/f',
  )
  const first = await yard.seal('upper', ['base'])
  const digest = await yard.digest('upper')
  expect(await yard.seal('upper', ['base'])).toEqual(first)
  expect(await yard.digest('upper')).toBe(digest)
})

test('a file whose bytes are elsewhere is refused', async () => {
  await layer('base', BASE)
  await yard.shell(
    `mkdir ${yard.at('upper')}; cd ${yard.at('upper')}; echo 1 >f; setfattr -n user.overlay.metacopy f`,
  )
  expect(await yard.seal('upper', ['base'])).toMatchObject({
    kind: 'unsupported',
    message: "'f' is only a reference to a lower layer: user.overlay.metacopy",
  })
})

test('a tree deeper than any path may be long', async () => {
  await layer('base', 'true')
  const dig =
    'for i in $(seq 300); do mkdir aaaaaaaaaaaaaaaaaaaa; cd aaaaaaaaaaaaaaaaaaaa; done; echo >end'
  await yard.step('overlay', ['base'], 'upper', `(${dig})`)
  const report = await yard.seal('upper', ['base'])
  expect(report).toMatchObject({ event: 'sealed', entries: 301 })
  await yard.pack('upper', 'packed.tar')
  const sum = await yard.shell(`sha256sum <${yard.at('packed.tar')}`)
  expect(report.diffId).toBe(`sha256:${sum.slice(0, 64)}`)
})

test('a user with one id: owners are kept in attributes', async () => {
  const single = makeYard(world, { single: true })
  await single.clear()
  await single.shell(
    `mkdir ${single.at('upper')} ${single.at('context')}; echo 1 >${single.at('context/f')}`,
  )
  const source = { directory: single.at('context') }
  const items = [{ from: '', to: '/d' }]
  const operations = [{ op: 'copy', source, items, owner: { uid: 1000, gid: 44 } }]
  expect(await single.copy([], 'upper', { operations })).toMatchObject({ entries: 2 })
  const { diffId } = await single.seal('upper', [])
  await single.pack('upper', 'packed.tar')
  expect(await single.apply('packed.tar', 'applied')).toMatchObject({ diffId })
  expect(await single.digest('upper')).toBe(await single.digest('applied'))
  expect(await single.list(['upper'], ['d'], '--no-digest')).toEqual([
    'd 0755 1000 44 0 0|d',
    'f 0644 1000 44 2 0|d/f',
  ])
  // The owner of a copied up file, which is no other one.
  await single.step('overlay', ['upper'], 'again', 'chmod 600 d/f; chmod 644 d/f')
  expect(await single.seal('again', ['upper'])).toMatchObject({ diffId: NOTHING })
  await single.step('overlay', ['upper'], 'changed', 'chmod 600 d/f')
  await single.seal('changed', ['upper'])
  expect(await single.list(['changed'], ['d/f'], '--no-digest')).toEqual(['f 0600 1000 44 2 0|d/f'])
  await single.clear()
})
