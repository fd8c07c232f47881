import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { base, build, built, cachedSteps, printed, writeContext } from '../helpers/builds.ts'
import { remainsIn } from '../helpers/leftovers.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
beforeAll(async () => {
  world = makeWorld('build')
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(() => world.remove())

const imageId = async (name: string): Promise<string> =>
  (await world.lighter(['images', '-q', '--no-trunc', name])).stdout.trim()

// Not a test of units: those are root's, who may read everything.
test('a file of the context that cannot be read is told when it is needed', async () => {
  const context = writeContext(world, {
    Dockerfile: 'FROM scratch\nCOPY a /\n',
    'b.Dockerfile': 'FROM scratch\nCOPY b /\n',
    'a/f': 'one',
    'b/f': 'two',
  })
  chmodSync(join(context, 'a/f'), 0)
  const refused = await build(world, context)
  expect(refused.exitCode).toBe(1)
  expect(refused.stderr).toContain(`error from sender: open ${context}/a/f: permission denied`)
  await built(world, context, '-f', join(context, 'b.Dockerfile'))
})

describe('the cache', () => {
  test('knows what was built, and goes by content', async () => {
    const context = writeContext(world, {
      Dockerfile:
        'FROM BASE\nWORKDIR /app\nCOPY a ./\nRUN cat /proc/sys/kernel/random/uuid >/made\nCOPY b ./\nRUN cat b\n',
      a: 'one',
      b: 'two',
    })
    await built(world, context, '-t', 'cache')
    const first = await imageId('cache')
    const made = await printed(world, 'cache', 'cat', '/made')
    // A time is no content.
    utimesSync(join(context, 'a'), 1, 1)
    expect(cachedSteps(await built(world, context, '-t', 'cache'))).toHaveLength(6)
    expect(await imageId('cache')).toBe(first)
    writeFileSync(join(context, 'b'), 'three')
    const progress = await built(world, context, '-t', 'cache')
    expect(cachedSteps(progress).map((name) => name.slice(0, 5))).toEqual([
      '[1/6]',
      '[2/6]',
      '[3/6]',
      '[4/6]',
    ])
    expect(await printed(world, 'cache', 'cat', '/made', '/app/b')).toBe(`${made}three`)
    expect(cachedSteps(await built(world, context, '-t', 'cache', '--no-cache'))).toEqual([
      `[1/6] FROM ${base()}`,
    ])
    expect(await printed(world, 'cache', 'cat', '/made')).not.toBe(made)
  })

  test('a mode is content', async () => {
    const context = writeContext(world, { Dockerfile: 'FROM BASE\nCOPY a /\n', a: 'x' })
    await built(world, context)
    execFileSync('chmod', ['755', join(context, 'a')])
    expect(cachedSteps(await built(world, context))).toHaveLength(1)
  })

  test('--no-cache-filter is for one stage', async () => {
    const context = writeContext(world, {
      Dockerfile:
        'FROM BASE AS one\nRUN cat /proc/uptime >/one\nFROM BASE AS two\nRUN cat /proc/uptime >/two\nFROM scratch\nCOPY --from=one /one /\nCOPY --from=two /two /\n',
    })
    await built(world, context)
    const cached = cachedSteps(await built(world, context, '--no-cache-filter', 'two'))
    expect(cached.some((name) => name.startsWith('[one 2/2]'))).toBe(true)
    expect(cached.some((name) => name.startsWith('[two 2/2]'))).toBe(false)
  })

  test('prune forgets it and keeps images', async () => {
    const context = writeContext(world, { Dockerfile: 'FROM BASE\nRUN echo x >/pruned\n' })
    await built(world, context, '-t', 'pruned')
    expect((await world.lighter(['buildx', 'du', '--verbose'])).stdout).toContain(
      'RUN echo x >/pruned',
    )
    const pruned = await world.lighter(['builder', 'prune', '-a', '-f'])
    expect(pruned).toMatchObject({ exitCode: 0, stderr: '' })
    expect(await printed(world, 'pruned', 'cat', '/pruned')).toBe('x\n')
    expect(cachedSteps(await built(world, context))).toHaveLength(1)
  })
})

test('a step whose files were changed on the disk is found, and made anew', async () => {
  const context = writeContext(world, {
    Dockerfile: 'FROM BASE AS one\nRUN echo right >/one\nFROM scratch\nCOPY --from=one /one /\n',
  })
  await built(world, context, '-t', 'damaged')
  const found = await world.run('sh', ['-c', `grep -lx right ${world.data}/layers/*/fs/one`])
  // The stage's own layer, and the one that is in the image.
  expect(found.stdout.split('\n').filter(Boolean).length).toBeGreaterThan(0)
  for (const path of found.stdout.split('\n').filter(Boolean)) writeFileSync(path, 'wrong\n')
  const check = await world.lighter(['system', 'check'])
  expect(check.stdout).toMatch(/^damaged: layer /m)
  await world.lighter(['system', 'check', '--repair'])
  await built(world, context, '-t', 'damaged')
  const out = await world.lighter(['build', '-q', '-o', join(world.home, 'right'), context])
  expect(out).toMatchObject({ exitCode: 0 })
  expect(readFileSync(join(world.home, 'right/one'), 'utf8')).toBe('right\n')
  expect((await world.lighter(['system', 'check'])).stdout).toMatch(/: 0 damaged/)
})

describe('stages', () => {
  test('run side by side, and those that nobody needs not at all', async () => {
    const context = writeContext(world, {
      Dockerfile: [
        'FROM BASE AS never\nRUN exit 3',
        // Each waits for the other.
        'FROM BASE AS one\nRUN --mount=type=cache,id=meet,target=/meet touch /meet/one; for i in $(seq 300); do [ -e /meet/two ] && exit 0; sleep 0.1; done; exit 1',
        'FROM BASE AS two\nRUN --mount=type=cache,id=meet,target=/meet touch /meet/two; for i in $(seq 300); do [ -e /meet/one ] && exit 0; sleep 0.1; done; exit 1',
        'FROM BASE\nCOPY --from=one /bin/sh /one\nCOPY --from=two /bin/sh /two\n',
      ].join('\n'),
    })
    await built(world, context, '--no-cache')
  })

  test('the same step is done once', async () => {
    const context = writeContext(world, {
      Dockerfile:
        'FROM BASE AS one\nRUN cat /proc/sys/kernel/random/uuid >/x\nFROM BASE AS two\nRUN cat /proc/sys/kernel/random/uuid >/x\nFROM BASE\nCOPY --from=one /x /1\nCOPY --from=two /x /2\nRUN cmp /1 /2\n',
    })
    await built(world, context, '--no-cache')
  })

  test('--link layers do not care what is below', async () => {
    const context = writeContext(world, {
      Dockerfile: 'FROM BASE\nARG X\nRUN echo $X >/below\nCOPY --link a /linked\n',
      a: 'linked',
    })
    await built(world, context, '-t', 'link', '--build-arg', 'X=1')
    const cached = cachedSteps(await built(world, context, '-t', 'link', '--build-arg', 'X=2'))
    expect(cached.some((name) => name.endsWith('COPY --link a /linked'))).toBe(true)
    expect(await printed(world, 'link', 'cat', '/below', '/linked')).toBe('2\nlinked')
  })
})

test('the same sources with SOURCE_DATE_EPOCH make the same image', async () => {
  const context = writeContext(world, {
    Dockerfile: 'FROM BASE\nARG SOURCE_DATE_EPOCH\nCOPY a /\nRUN mkdir /d && echo x >/d/f\n',
    a: 'x',
  })
  const args = ['--build-arg', 'SOURCE_DATE_EPOCH=1000000000', '--no-cache']
  const output = (file: string) => `type=oci,dest=${world.home}/${file},rewrite-timestamp=true`
  await built(world, context, ...args, '--output', output('one.tar'))
  await new Promise((done) => setTimeout(done, 1_100))
  utimesSync(join(context, 'a'), 2_000_000_000, 2_000_000_000)
  await built(world, context, ...args, '--output', output('two.tar'))
  const read = (file: string) => readFileSync(join(world.home, file))
  expect(read('one.tar').equals(read('two.tar'))).toBe(true)
})

test('--parents keeps the directories above, as they are', async () => {
  const context = writeContext(world, {
    Dockerfile:
      'FROM BASE\nCOPY --parents a/b/one a/*/two /to/\nCOPY --parents a/./b/one /pivot/\nRUN stat -c "%a %n" /to/a /to/a/b /pivot/b >/modes; find /to /pivot -type f | sort >/files\n',
    'a/b/one': '1',
    'a/c/two': '2',
    'a/c/three': '3',
  })
  chmodSync(join(context, 'a'), 0o711)
  chmodSync(join(context, 'a/b'), 0o700)
  await built(world, context, '-t', 'parents')
  expect(await printed(world, 'parents', 'cat', '/modes', '/files')).toBe(
    '711 /to/a\n700 /to/a/b\n700 /pivot/b\n/pivot/b/one\n/to/a/b/one\n/to/a/c/two\n',
  )
})

test('what a step may not see', async () => {
  writeFileSync(join(world.home, 'secret'), 'hush-hush\n')
  const context = writeContext(world, {
    Dockerfile:
      'FROM BASE\nRUN --mount=type=secret,id=s cat /run/secrets/s | tr a-z A-Z >/shown\nRUN ! test -e /run/secrets/s\nRUN --network=none ! ip route | grep default\n',
  })
  await built(world, context, '-t', 'secret', '--secret', `id=s,src=${world.home}/secret`)
  expect(await printed(world, 'secret', 'cat', '/shown')).toBe('HUSH-HUSH\n')
  const kept = await world.run('grep', ['-rl', 'hush-hush', world.data])
  expect(kept.stdout).toBe('')
})

test('a Dockerfile on standard input, and one beside its context', async () => {
  const text = `FROM ${base()}\nRUN echo from-stdin >/x\n`
  const piped = await world.lighter(['build', '-q', '-t', 'piped', '-'], { input: text })
  expect(piped).toMatchObject({ exitCode: 0 })
  expect(piped.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/)
  expect(await printed(world, 'piped', 'cat', '/x')).toBe('from-stdin\n')
  const context = writeContext(world, { a: 'x' })
  const file = join(world.home, 'elsewhere')
  writeFileSync(file, `FROM ${base()}\nCOPY a /a\n`)
  await built(world, context, '-f', file, '-t', 'elsewhere')
  expect(await printed(world, 'elsewhere', 'cat', '/a')).toBe('x')
})

test('with --debug what a step that fails left can be looked into', async () => {
  const context = writeContext(world, {
    Dockerfile: 'FROM BASE\nENV WHERE=here\nWORKDIR /w\nRUN echo so-far >/w/state; exit 3\n',
  })
  const outcome = await world.lighter(['--debug', 'build', '--progress', 'plain', context])
  expect(outcome.exitCode).toBe(1)
  const [, id = ''] =
    /^What the step left is image ([0-9a-f]{12}): 'docker run -it --rm \1'/m.exec(outcome.stderr) ??
    []
  expect(await printed(world, id, 'sh', '-c', 'pwd; echo $WHERE; cat state')).toBe(
    '/w\nhere\nso-far\n',
  )
  expect((await build(world, context)).stderr).not.toContain('What the step left')
})

test('files, and the id', async () => {
  const context = writeContext(world, { Dockerfile: 'FROM scratch\nCOPY a /out/a\n', a: 'x' })
  await built(world, context, '-o', join(world.home, 'out'))
  expect(readFileSync(join(world.home, 'out/out/a'), 'utf8')).toBe('x')
  const iid = join(world.home, 'iid')
  await built(world, context, '--iidfile', iid, '-t', 'named')
  expect(readFileSync(iid, 'utf8')).toBe(await imageId('named'))
})

test.each([{ flags: [] }, { flags: ['--pull'] }])(
  'FROM the image that the program carries needs no registry, $flags',
  async ({ flags }) => {
    const fresh = makeWorld('build-carried')
    try {
      const context = writeContext(fresh, {
        Dockerfile: 'FROM lighter/hello\nRUN echo made >/made\n',
      })
      await built(fresh, context, '-t', 'from-carried', ...flags)
      expect(await printed(fresh, 'from-carried', 'cat', '/made')).toBe('made\n')
    } finally {
      await fresh.remove()
    }
  },
)

test('a foreign platform without a handler is refused', async () => {
  const handlers = '/proc/sys/fs/binfmt_misc/qemu-s390x'
  expect(existsSync(handlers), 'this machine runs s390x').toBe(false)
  const context = writeContext(world, { Dockerfile: 'FROM scratch AS x\nRUN true\n' })
  const outcome = await build(world, context, ['--platform', 'linux/s390x'])
  expect(outcome.exitCode).toBe(1)
  expect(outcome.stderr).toMatch(/ERROR: [^\n]*s390x\n[^\n]*binfmt_misc/)
})

test('nothing is left beside images and the cache', async () => {
  expect(remainsIn(world.data)).toEqual([])
  const check = await world.lighter(['system', 'check'])
  expect(check).toMatchObject({ exitCode: 0, stderr: '' })
  expect(check.stdout).toMatch(/: 0 damaged\n$/)
  expect(inject('registry')).not.toBe('')
})
