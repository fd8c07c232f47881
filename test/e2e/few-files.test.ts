import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { remainsIn } from '../helpers/leftovers.ts'
import { makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = 'lighter/hello'

describe.each(inject('who'))('few open files, as %s', (who) => {
  let world: World

  beforeAll(async () => {
    world = makeWorld(`files-${who}`, who)
    // The image is unpacked once.
    await world.lighter(['run', '--rm', image, 'true'])
  })
  afterAll(() => world.remove())

  const limited = (limit: number, ...args: string[]): Promise<Outcome> =>
    world.run('sh', ['-c', `ulimit -n ${limit}; exec "$@"`, 'sh', inject('program'), ...args])

  test('a start that lacks some names the cause and leaves nothing', async () => {
    const failed: number[] = []
    // Below, Node itself does not start.
    for (let limit = 24; limit <= 44; limit += 2) {
      const { exitCode, stderr } = await limited(limit, 'run', '--rm', image, 'true')
      if (exitCode !== 0) failed.push(limit)
      expect([exitCode, stderr]).toEqual(
        exitCode === 0 ? [0, ''] : [125, expect.stringMatching(/: Too many open files\.$/im)],
      )
      expect(remainsIn(world.data)).toEqual([])
    }
    expect(failed).toContain(24)
  })

  test('sixty-four are plenty', async () => {
    const works = { exitCode: 0, stderr: '' }
    const flags = ['-v', 'kept:/d', '--health-cmd', 'true', '--network', 'none']
    expect(
      await limited(64, 'run', '-d', '--name', 'box', ...flags, image, 'sleep', '1000'),
    ).toMatchObject(works)
    expect(await limited(64, 'exec', 'box', 'echo', 'in')).toEqual({ ...works, stdout: 'in\n' })
    expect(await limited(64, 'rm', '-f', 'box')).toMatchObject(works)
    await world.lighter(['volume', 'rm', 'kept'])
  })
})
