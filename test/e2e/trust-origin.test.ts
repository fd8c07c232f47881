import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ran, SignedImages } from '../helpers/signed-images.ts'

/** Where an image comes from is written down with each of its names, and goes on with the image under others. */
const images = new SignedImages('origin')
const { docker, lighter, name, pull, run, signed } = images

const refusal = 'is rejected by the signature policy'
/** Everything under `host/plain` needs a signature, which nobody has made. */
const askForSignature = () => docker({ [name('plain')]: [signed()] })
const refused = async (...refused: string[]) => {
  for (const image of refused) {
    const { exitCode, stderr } = await run(image)
    expect({ image, exitCode, stderr }).toMatchObject({ image, exitCode: 125 })
    expect(stderr).toContain(refusal)
  }
}
const runs = async (...images: string[]) => {
  for (const image of images)
    expect({ image, ...(await run(image)) }).toMatchObject({ image, ...ran })
}
const ok = async (...args: string[]) => {
  const { exitCode, stdout, stderr } = await lighter(...args)
  expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 0, stderr: '' })
  return stdout.trim()
}

describe('what was pulled', () => {
  // Its origin was concluded from the names that stood beside it: without them nobody asked any more.
  test('stays so under a name that was given here, when that of the pull is gone', async () => {
    await pull(name('plain:1'))
    await ok('tag', name('plain:1'), 'mine')
    await ok('rmi', name('plain:1'))
    await ok('tag', 'mine', 'other')
    await ok('rmi', 'mine')
    await runs('other')
    askForSignature()
    await refused('other', await ok('images', '-q', 'other'))
  })

  test('stays so when it has lost its last name', async () => {
    await pull(name('plain:1'))
    await ok('rmi', `${name('plain')}@${images.digest}`)
    await ok('create', '--name', 'user', name('plain:1'))
    const id = await ok('images', '-q', '--no-trunc', name('plain:1'))
    await ok('commit', 'user', name('plain:1'))
    expect(readdirSync(join(images.world.data, 'refs'))).toContain(
      `${encodeURIComponent(`@${id}`)}.json`,
    )
    askForSignature()
    await refused(id)
    await ok('tag', id, 'again')
    await refused('again')
    docker({})
    await runs('again', id)
  })

  test('under a name that had the same image here before', async () => {
    await pull(name('signed:1'))
    await ok('tag', name('signed:1'), name('plain:1'))
    docker({ [name('plain')]: [signed()], [name('signed')]: [signed()] })
    // It was given here, to what another name vouches for.
    await runs(name('plain:1'))
    docker({})
    await pull(name('plain:1'))
    askForSignature()
    await refused(name('plain:1'))
  })

  test('stays so under a name whose record was torn and is written anew', async () => {
    await pull(name('plain:1'))
    await ok('tag', name('plain:1'), 'mine')
    const record = encodeURIComponent('docker.io/library/mine:latest')
    truncateSync(join(images.world.data, 'refs', `${record}.json`), 5)
    expect(await ok('system', 'check', '--repair')).toContain('written anew from index.json')
    askForSignature()
    await refused('mine')
  })

  test('goes by its other names where one of them is good enough', async () => {
    await pull(name('plain:1'))
    await pull(name('signed:1'))
    await ok('tag', name('plain:1'), 'mine')
    docker({ [name('plain')]: [signed()], [name('signed')]: [signed()] })
    await refused(name('plain:1'))
    await runs('mine')
  })
})

describe('what was made here', () => {
  const make = async (image: string) => {
    await pull(name('plain:1'))
    await ok('create', '--name', 'maker', name('plain:1'))
    await ok('commit', 'maker', image)
  }

  test('under a name that needs a signature is not asked for one', async () => {
    await make(name('plain:made'))
    askForSignature()
    await runs(name('plain:made'))
    await refused(name('plain:1'))
  })

  // The digest that a push leaves as a name looked like that of a pull.
  test('is not taken for pulled when it was pushed or loaded', async () => {
    await make(name('plain:made'))
    await ok('push', '-q', name('plain:made'))
    const archive = join(images.world.home, 'made.tar')
    await ok('save', '-o', archive, name('plain:made'))
    await ok('rmi', name('plain:made'))
    await ok('load', '-q', '-i', archive)
    await ok('push', '-q', name('plain:made'))
    askForSignature()
    await runs(name('plain:made'))
    docker({})
    // The registry may have it from anybody.
    await pull(name('plain:made'))
    askForSignature()
    await refused(name('plain:made'))
  })
})

test('records that do not say where their image comes from are asked as before', async () => {
  await pull(name('plain:1'))
  await ok('tag', name('plain:1'), 'mine')
  const refs = join(images.world.data, 'refs')
  for (const file of readdirSync(refs)) {
    const { pulledAs, ...rest } = JSON.parse(readFileSync(join(refs, file), 'utf8'))
    expect(pulledAs.length).toBeGreaterThan(0)
    writeFileSync(join(refs, file), JSON.stringify(rest))
  }
  await runs('mine', name('plain:1'))
  askForSignature()
  await refused('mine', name('plain:1'))
  // What a later command knows is written down.
  await ok('tag', 'mine', 'newer')
  await ok('rmi', 'mine', name('plain:1'))
  await refused('newer')
})
