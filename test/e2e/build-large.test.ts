import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { base, built, printed, writeContext } from '../helpers/builds.ts'
import { makeYard } from '../helpers/trees.ts'
import { makeWorld, type World } from '../helpers/world.ts'

/* Large files get their bytes when the tree is sealed: read once, for the file, the digest and the archive. */

let world: World
let yard: ReturnType<typeof makeYard>
beforeAll(async () => {
  world = makeWorld('build-large')
  yard = makeYard(world)
  expect(await world.lighter(['pull', '-q', base()])).toMatchObject({ exitCode: 0 })
})
afterAll(async () => {
  await yard.clear()
  await world.remove()
})

const MANY = 33

describe('copied and sealed at once', () => {
  const from = () => ({ directory: yard.at('context') })
  const copy = (upper: string, items: object[], seal: object, below: string[] = []) =>
    yard.copy(below, upper, {
      operations: [{ op: 'copy', source: from(), items }],
      seal,
    })
  const whole = [{ from: '', to: '/' }]
  const sums = (name: string) =>
    yard.shell(`cd ${yard.at(name)}; find . -type f | sort | xargs -r sha256sum`)

  beforeEach(async () => {
    await yard.clear()
    await yard.shell(`mkdir ${yard.at('context')} ${yard.at('one')} ${yard.at('two')}
      cd ${yard.at('context')}; head -c 5M /dev/urandom >a; ln a b; echo small >c; head -c 9000001 /dev/urandom >odd
      cp a suid; chmod 4755 suid; truncate -s 64M hole; printf x | dd of=hole bs=1 seek=33M conv=notrunc 2>/dev/null
      touch -d @1000000000 *; touch -d @1000000000 .`)
  })

  test('they are what they are when each is done after the other', async () => {
    const archive = yard.at('layer.tar')
    const sealed = await copy('one', whole, { archive })
    expect(sealed).toMatchObject({ event: 'sealed', isExpected: false })
    const operations = [{ op: 'copy', source: from(), items: whole }]
    expect(await yard.copy([], 'two', { operations })).toMatchObject({ event: 'copied' })
    expect(await yard.seal('two', [])).toEqual(sealed)
    expect(await yard.digest('one')).toBe(await yard.digest('two'))
    expect(await sums('one')).toBe(await sums('context'))
    const digest = createHash('sha256').update(readFileSync(archive)).digest('hex')
    expect(sealed.diffId).toBe(`sha256:${digest}`)
    const names = await yard.shell(`cd ${yard.at('one')}; stat -c '%n %a %h %Y' a b suid`)
    expect(names).toBe('a 644 2 1000000000\nb 644 2 1000000000\nsuid 4755 1 1000000000\n')
    expect(Number(await yard.shell(`du -k ${yard.at('one')}/hole | cut -f1`))).toBeLessThan(1024)
  })

  test('what is expected is not written again', async () => {
    const { diffId, size } = await copy('one', whole, {})
    expect(await copy('two', whole, { expect: diffId })).toMatchObject({
      isExpected: true,
      diffId,
      size,
    })
    expect(Number(await yard.shell(`du -k ${yard.at('two')}/odd | cut -f1`))).toBe(0)
  })

  test('what is not as expected is written', async () => {
    const { diffId } = await copy('one', whole, {})
    await yard.shell(`touch -d @1100000000 ${yard.at('context')}/odd`)
    const sealed = await copy('two', whole, { expect: diffId })
    expect(sealed).toMatchObject({ event: 'sealed', isExpected: false })
    expect(sealed.diffId).not.toBe(diffId)
    expect(await sums('two')).toBe(await sums('context'))
    expect(await yard.seal('two', [])).toMatchObject({ diffId: sealed.diffId })
  })

  test('one that takes the place of another', async () => {
    const items = [
      { from: 'a', to: '/x' },
      { from: 'odd', to: '/x' },
      { from: 'c', to: '/y' },
      { from: 'odd', to: '/y' },
      { from: 'odd', to: '/z' },
      { from: 'c', to: '/z' },
    ]
    expect(await copy('one', items, {})).toMatchObject({ event: 'sealed' })
    await yard.shell(
      `cd ${yard.at('one')}; for pair in x:odd y:odd z:c; do cmp \${pair%:*} ../context/\${pair#*:}; done`,
    )
  })

  test('one that the layer below has is compared with it, byte by byte', async () => {
    await copy('one', [{ from: 'a', to: '/a' }], {})
    const again = () => copy('two', [{ from: 'a', to: '/a' }], {}, ['one'])
    expect(await again()).toMatchObject({ entries: 0 })
    await yard.shell(
      `cd ${yard.at('context')}; printf y | dd of=a bs=1 seek=4M conv=notrunc 2>/dev/null; touch -d @1000000000 a`,
    )
    await yard.shell(`rm -rf ${yard.at('two')}; mkdir ${yard.at('two')}`)
    expect(await again()).toMatchObject({ entries: 1 })
    await yard.shell(`cmp ${yard.at('two')}/a ${yard.at('context')}/a`)
  })

  test('more of them than are kept open', async () => {
    await yard.shell(`cd ${yard.at('context')}; for i in $(seq ${MANY}); do cp a many-$i; done`)
    expect(await copy('one', whole, {})).toMatchObject({ event: 'sealed' })
    expect(await sums('one')).toBe(await sums('context'))
  })

  test('one that gets longer meanwhile is told of', async () => {
    const path = `${yard.at('context')}/grows`
    await yard.shell(`head -c 100M /dev/zero >${path}`)
    const growing = yard.shell(`for i in $(seq 400); do printf x >>${path}; sleep 0.01; done`)
    const outcome = await copy('one', [{ from: 'grows', to: '/' }], {})
    await growing
    expect(outcome).toMatchObject({
      kind: 'stale',
      message: '"/grows" changed while it was copied',
    })
  })
})

describe('in a build', () => {
  const blobs = () => join(world.data, 'blobs/sha256')
  const layers = async (image: string): Promise<string[]> =>
    JSON.parse((await world.lighter(['inspect', '-f', '{{json .RootFS.Layers}}', image])).stdout)
  const sum = (file: string) => createHash('sha256').update(readFileSync(file)).digest('hex')
  const isBlobWhole = (digest: string): boolean =>
    sum(join(blobs(), digest.replace('sha256:', ''))) === digest.replace('sha256:', '')

  test('image and blob have the bytes, and a build without a cache makes the same layer', async () => {
    const context = writeContext(world, { Dockerfile: 'FROM BASE\nCOPY large /large\n' })
    const large = join(context, 'large')
    await world.run('bash', ['-c', `head -c 20M /dev/urandom >${large}`])
    const content = `${sum(large)}  /large\n`
    await built(world, context, '-t', 'large')
    const layer = (await layers('large')).at(-1) ?? ''
    expect(isBlobWhole(layer)).toBe(true)
    const { ino } = statSync(join(blobs(), layer.replace('sha256:', '')))
    await built(world, context, '-t', 'large', '--no-cache')
    expect((await layers('large')).at(-1)).toBe(layer)
    expect(statSync(join(blobs(), layer.replace('sha256:', ''))).ino).toBe(ino)
    expect(await printed(world, 'large', 'sha256sum', '/large')).toBe(content)

    // The same key, another layer.
    utimesSync(large, 1, 1)
    await built(world, context, '-t', 'later', '--no-cache')
    const other = (await layers('later')).at(-1) ?? ''
    expect(other).not.toBe(layer)
    expect(isBlobWhole(other)).toBe(true)
    expect(await printed(world, 'later', 'sha256sum', '/large')).toBe(content)
    expect(await world.lighter(['system', 'check'])).toMatchObject({ exitCode: 0 })
  })

  test('steps that no image has leave no archive', async () => {
    const context = writeContext(world, {
      Dockerfile: 'FROM BASE AS one\nCOPY large /large\nFROM BASE\nCOPY --from=one /large /copy\n',
    })
    await world.run('bash', ['-c', `head -c 20M /dev/urandom >${join(context, 'large')}`])
    const before = readdirSync(blobs())
    await built(world, context, '-t', 'stages')
    // A layer, a configuration, a manifest.
    expect(readdirSync(blobs())).toHaveLength(before.length + 3)
  })
})
