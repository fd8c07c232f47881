import { expect, test } from 'vitest'
import { hello, image, run, useChecks, world } from '../helpers/checks.ts'
import { finish } from '../helpers/world.ts'

useChecks()

test('beside commands that change all of it nothing is found', async () => {
  await run('tag', image(), 'kept:1')
  await run('save', '-o', 'kept.tar', 'kept:1')
  let going = true
  const loop = async (...commands: string[][]) => {
    while (going) for (const args of commands) await world.lighter(args)
  }
  const others = [
    loop(['pull', '-q', image()], ['rmi', '-f', image()]),
    loop(['load', '-q', '-i', 'kept.tar'], ['image', 'prune', '-af']),
    loop(['run', '--rm', '--network', 'none', image(), 'true']),
  ]
  const seen: string[] = []
  for (let round = 0; round < 8; round++) {
    const { stdout, stderr } = await finish(
      world.start(['system', 'check', ...(round % 2 ? ['-r'] : [])]),
    )
    seen.push(
      ...`${stdout}${stderr}`
        .split('\n')
        .filter((line) => !/^(Checked .*|leftover: .*|removed: .*|)$/.test(line)),
    )
  }
  going = false
  await Promise.all(others)
  expect(seen).toEqual([])
  await run('pull', '-q', image())
  expect(await hello()).toBe('second\n')
})

/** The image is named before it is unpacked: its layer was told to be missing. */
test('beside the first run of the carried image nothing is found', async () => {
  const seen: string[] = []
  for (let round = 0; round < 6; round++) {
    const first = world.lighter(['run', '--rm', '--network', 'none', 'lighter/hello', 'true'])
    let going = true
    const ended = first.then(() => {
      going = false
    })
    while (going) {
      const { stdout, stderr } = await world.lighter(['system', 'check'])
      seen.push(...`${stdout}${stderr}`.split('\n').filter((line) => /^damaged|^mended/.test(line)))
    }
    await ended
    await world.lighter(['rmi', '-f', 'lighter/hello'])
  }
  expect(seen).toEqual([])
})
