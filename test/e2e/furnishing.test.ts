import { execFileSync } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { type ArchiveEntry, makeArchive } from '../fixtures/archive.ts'
import { writeImageLayout } from '../fixtures/image-layout.ts'
import { pushLayout } from '../helpers/registry.ts'
import { makeWorld, type World } from '../helpers/world.ts'

const registry = inject('registry')
const directory = (path: string, rest: Partial<ArchiveEntry> = {}): ArchiveEntry => ({
  path,
  type: 'Directory',
  ...rest,
})
const link = (path: string, linkpath: string): ArchiveEntry => ({
  path,
  type: 'SymbolicLink',
  linkpath,
})
const base: ArchiveEntry[] = [
  { path: 'bin/busybox', mode: 0o755, data: readFileSync('/bin/busybox') },
  link('bin/true', 'busybox'),
]
const passwd = { path: 'etc/passwd', data: 'root:x:0:0:root:/root:/bin/sh\n' }
const group = { path: 'etc/group', data: 'root:x:0:\n' }

/** What an image may have where a container gets things of its own. */
const IMAGES: Record<string, ArchiveEntry[][]> = {
  'has none of them': [base],
  'has the usual directories': [
    [...base, directory('etc/'), directory('dev/'), directory('proc/'), directory('sys/')],
    [passwd, group],
  ],
  'has them with other modes and owners': [
    [
      ...base,
      directory('dev/', { mode: 0o3700, uid: 3, gid: 4 }),
      directory('etc/', { mode: 0o2710, uid: 5, gid: 6 }),
      directory('sys/', { mode: 0o500 }),
      { ...passwd, mode: 0o640, uid: 7, gid: 8 },
      { ...group, data: 'root:x:0:' },
    ],
  ],
  'has the files': [
    [
      ...base,
      passwd,
      group,
      { path: '.dockerenv', data: 'own' },
      { path: 'etc/hosts', data: 'own' },
      { path: 'etc/hostname', data: 'own' },
      { path: 'etc/resolv.conf', data: 'own' },
      { path: 'etc/mtab', data: 'own' },
      { path: 'dev/console', data: 'own' },
      directory('dev/pts/', { mode: 0o700 }),
      link('dev/shm', '/run/shm'),
    ],
  ],
  'has links': [
    [
      ...base,
      directory('usr/etc/'),
      link('etc', 'usr/etc'),
      { path: 'usr/etc/real', data: passwd.data },
      link('usr/etc/passwd', 'real'),
      link('usr/etc/resolv.conf', '/run/resolv.conf'),
    ],
  ],
  'has a link for passwd': [
    [...base, directory('etc/'), group, { path: 'etc/real', data: passwd.data }],
    [link('etc/passwd', 'real')],
  ],
  'had them': [
    [
      ...base,
      passwd,
      group,
      { path: 'etc/gone', data: 'x' },
      { path: 'dev/gone', data: 'x' },
      { path: 'proc/gone', data: 'x' },
      { path: '.dockerenv', data: 'x' },
    ],
    [
      { path: '.wh.dev' },
      { path: '.wh.proc' },
      { path: '.wh..dockerenv' },
      { path: 'etc/.wh.group' },
      { path: 'etc/.wh.gone' },
    ],
  ],
  'has one without what was in it': [
    [...base, passwd, group, { path: 'etc/hosts', data: 'old' }, { path: 'dev/old', data: 'x' }],
    [directory('etc/', { mode: 0o711 }), { path: 'etc/.wh..wh..opq' }, passwd],
    [directory('dev/'), { path: 'dev/.wh..wh..opq' }],
  ],
  'knows the user': [[...base, { ...passwd, data: 'u:x:7:7::/home/u:/bin/sh\n' }, group]],
}

/** The files of the users' names, and the directory that changes with them. */
const NAMES = /etc\/(passwd|group|real)$|\/etc$/

/** The driver, and the flags of a run with its user as the container's root. */
const WAYS: Record<string, [string, string[]]> = {
  overlay: ['overlay', []],
  'fuse-overlayfs': ['fuse-overlayfs', []],
  'keep-id': ['overlay', ['--userns', 'keep-id:uid=7,gid=7', '--user', '0']],
  nomap: ['overlay', ['--userns', 'nomap']],
}

function push(name: string, layers: ArchiveEntry[][]): string {
  const directory = join(inject('work'), name)
  mkdirSync(directory)
  writeImageLayout(directory, { layers: layers.map((entries) => makeArchive(entries)) })
  pushLayout(directory, registry, `${name}:latest`)
  return `${registry}/${name}:latest`
}

describe.each(Object.entries(IMAGES))('the root filesystem of an image that %s', (_, layers) => {
  let world: World
  let image: string
  beforeAll(() => {
    world = makeWorld('furnishing')
    image = push(`furnishing-${process.pid}-${Object.values(IMAGES).indexOf(layers)}`, layers)
  })
  afterAll(() => world.remove())

  async function said(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await world.lighter(args)
    expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
    return stdout
  }

  /** Modes, owners, sizes and names, without times and what keep-id adds a name to. */
  function list(archive: string): string[] {
    const options = ['--numeric-owner', '--full-time']
    const lines = execFileSync('tar', ['-tvf', archive, ...options], { encoding: 'utf8' })
    return lines
      .trim()
      .split('\n')
      .map((line) => {
        const [mode, owner, size, , , ...name] = line.split(/\s+/)
        return [mode, owner, size, ...name].join(' ')
      })
      .filter((line) => !NAMES.test(line))
      .sort()
  }

  async function look(
    way: string,
  ): Promise<{ files: string[]; changes: string[]; again: string[] }> {
    const [driver, flags] = WAYS[way] ?? ['', []]
    world.env.LIGHTER_STORAGE_DRIVER = driver
    await said('run', '-q', '--name', way, ...flags, image, '/bin/true')
    const archive = join(world.home, `${way}.tar`)
    await said('export', '-o', archive, way)
    const files = list(archive)
    const changes = (await said('diff', way)).split('\n').filter((line) => !NAMES.test(line))
    await said('start', '-a', way)
    await said('export', '-o', archive, way)
    return { files, changes, again: list(archive) }
  }

  test('is the same whoever makes it', async () => {
    const usual = await look('overlay')
    expect(usual.again).toEqual(usual.files)
    expect(usual.files.length).toBeGreaterThan(8)
    // Empty where they are made for a mount, and then executable as Docker's runtime has them.
    const places = usual.files.filter((line) => / 0 etc\/(hosts|hostname|resolv\.conf)$/.test(line))
    for (const place of places) expect(place).toMatch(/^-rwxr-xr-x /)
    for (const way of ['fuse-overlayfs', 'keep-id', 'nomap']) {
      const { files, changes, again } = await look(way)
      expect({ way, files, again }).toEqual({ way, files: usual.files, again: usual.files })
      expect({ way, changes }).toEqual({ way, changes: usual.changes })
    }
  })

  test('directories of one layer are not read to count their links where fuse-overlayfs can do without', async () => {
    const program = readFileSync('/usr/bin/fuse-overlayfs', 'latin1')
    const knows = layers.length === 1 && program.includes('static_nlink')
    const show = ['/bin/busybox', 'stat', '-c', '%h', '/']
    const links = await said('run', '--rm', '-q', '--userns', 'keep-id', image, ...show)
    if (knows) expect(links).toBe('1\n')
    else expect(Number(links)).toBeGreaterThan(1)
  })

  test('the caller has a name where the image has a file for it', async () => {
    const flags = ['--rm', '-q', '--userns', 'keep-id:uid=7,gid=7']
    const show = ['/bin/busybox', 'sh', '-c', 'busybox tail -n 1 /etc/passwd; busybox id -u']
    const { stdout } = await world.lighter(['run', ...flags, image, ...show])
    expect(stdout.split('\n').at(-2)).toBe('7')
    expect(stdout).toMatch(/^(\S+:[*x]:7:7:.*\n7\n|.*root.*\n7\n|7\n)$/)
  })
})

describe.each(['keep-id', 'nomap'])('what an image has taken away stays away with %s', (kind) => {
  const way = ['--userns', kind === 'nomap' ? kind : 'keep-id:uid=7,gid=7', '--user', '0']
  const show = ['/bin/busybox', 'sh', '-c']
  /** Looks at names one by one, before and after the directory is listed, and again in a second run of the container. */
  const script = `busybox cat /d/old; busybox ls /d; >/d/mine; busybox cat /d/old; busybox ls /d`

  test.each([
    [
      'a directory that went and came back',
      [[], [{ path: '.wh.d' }], [{ path: 'd/new', data: '' }]],
    ],
    [
      'an opaque directory below another',
      [[], [directory('d/'), { path: 'd/.wh..wh..opq' }], [{ path: 'd/new', data: '' }]],
    ],
    [
      'a directory that was a file in between',
      [[], [{ path: 'd', data: '' }], [directory('d/'), { path: 'd/new', data: '' }]],
    ],
    ['a file', [[], [{ path: 'd/.wh.old' }], [{ path: 'd/new', data: '' }]]],
  ] as const)('%s', async (name, further) => {
    const world = makeWorld('taken-away')
    try {
      const layers = [[...base, { path: 'd/old', data: 'old' }], ...further.slice(1)]
      const image = push(
        `taken-${kind}-${process.pid}-${name.replaceAll(' ', '-')}`,
        layers as ArchiveEntry[][],
      )
      const created = await world.lighter([
        'create',
        '-q',
        '--name',
        'box',
        ...way,
        image,
        ...show,
        script,
      ])
      expect(created.exitCode).toBe(0)
      const gone = "cat: can't open '/d/old': No such file or directory\n"
      const first = await world.lighter(['start', '-a', 'box'])
      expect(first).toEqual({ exitCode: 0, stdout: 'new\nmine\nnew\n', stderr: gone + gone })
      const second = await world.lighter(['start', '-a', 'box'])
      expect(second.stdout).toBe('mine\nnew\nmine\nnew\n')
      expect(second.stderr).toBe(gone + gone)
    } finally {
      await world.remove()
    }
  })

  test('and what a container has taken away from an image of one layer', async () => {
    const world = makeWorld('taken-away')
    try {
      const image = push(`taken-${kind}-${process.pid}-upper`, [
        [...base, { path: 'd/old', data: 'old' }],
      ])
      const take =
        '[ -e /d/new ] && exec busybox sh -c "busybox cat /d/old; busybox ls /d"; busybox rm -r /d; busybox mkdir /d; >/d/new; busybox cat /d/old; busybox ls /d'
      await world.lighter(['create', '-q', '--name', 'box', ...way, image, ...show, take])
      const gone = "cat: can't open '/d/old': No such file or directory\n"
      for (let run = 0; run < 2; run++)
        expect(await world.lighter(['start', '-a', 'box'])).toEqual({
          exitCode: 0,
          stdout: 'new\n',
          stderr: gone,
        })
    } finally {
      await world.remove()
    }
  })
})
