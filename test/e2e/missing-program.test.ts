import { execFileSync, spawnSync } from 'node:child_process'
import { afterAll, expect, inject, test } from 'vitest'
import { remainsIn } from '../helpers/leftovers.ts'
import { makeWorld } from '../helpers/world.ts'

const world = makeWorld('missing-program')
afterAll(() => world.remove())

test('run --rm without slirp4netns: one sentence, and no container stays', () => {
  const slirp4netns = execFileSync('sh', ['-c', 'command -v slirp4netns'], {
    encoding: 'utf8',
  }).trim()
  const { uid, gid } = world.ids
  const user = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  const hidden = 'mount --bind /dev/null "$0" && exec "$@"'
  const outcome = spawnSync(
    'unshare',
    [
      '-m',
      'sh',
      '-c',
      hidden,
      slirp4netns,
      ...user,
      inject('program'),
      'run',
      '--rm',
      'lighter/hello',
    ],
    { encoding: 'utf8', env: world.env, cwd: '/' },
  )
  expect(outcome.stderr).toMatch(/slirp4netns/)
  expect(outcome.stderr).not.toMatch(/ at |internal error/)
  expect(outcome.status).toBe(125)
  expect(remainsIn(world.data)).toEqual([])
})
