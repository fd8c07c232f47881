import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { until } from '../helpers/until.ts'
import { makeWorld, type Outcome, type World } from '../helpers/world.ts'

const image = 'lighter/hello'
let world: World

/** Node's own pipes are sockets: a shell makes real ones. `lighter` is the program. */
const shell = (script: string): Promise<Outcome> =>
  world.run('bash', ['-c', `lighter() { ${inject('program')} "$@"; }; set -o pipefail; ${script}`])
const inside = async (script: string): Promise<string> =>
  (await world.lighter(['exec', 'box', 'sh', '-c', script])).stdout

beforeAll(async () => {
  world = makeWorld('exec-pipes')
  const started = await world.lighter(['run', '-d', '--name', 'box', image, 'sleep', '1000'])
  expect(started).toMatchObject({ exitCode: 0, stderr: '' })
  await inside('head -c 20000000 /dev/urandom > /big')
})
afterAll(() => world.remove())

describe('exec between pipes', () => {
  test('every byte arrives, both ways, also where the reader or the writer takes its time', async () => {
    const sum = await inside('md5sum < /big')
    expect(sum).toMatch(/^[0-9a-f]{32} {2}-\n$/)
    const whole = { exitCode: 0, stdout: sum, stderr: '' }
    expect(await shell('lighter exec box cat /big | md5sum')).toEqual(whole)
    expect(await shell('lighter exec box cat /big | (sleep 1; md5sum)')).toEqual(whole)
    const copy = 'lighter exec box cat /big | lighter exec -i box sh -c "sleep 1; cat > /copy"'
    expect(await shell(copy)).toEqual({ ...whole, stdout: '' })
    expect(await inside('md5sum < /copy')).toBe(sum)
    const slow = '(echo a; sleep 1; echo b) | lighter exec -i box cat | cat'
    expect((await shell(slow)).stdout).toBe('a\nb\n')
  })

  test('what is written to one pipe keeps its order', async () => {
    const script = 'i=0; while [ $i -lt 200 ]; do echo o$i; echo e$i >&2; i=$((i+1)); done'
    const { stdout } = await shell(`lighter exec box sh -c '${script}' 2>&1 | cat`)
    const pairs = Array.from({ length: 200 }, (_, i) => `o${i}\ne${i}\n`)
    expect(stdout).toBe(pairs.join(''))
  })

  test('a reader that goes ends the writer; one that stops reading its input does not', async () => {
    expect((await shell('lighter exec box yes gone | head -n 1')).stdout).toBe('gone\n')
    await until(async () => !(await inside('ps')).includes(' yes gone'))
    const first = await shell(
      '(yes; true) | head -c 10000000 | lighter exec -i box sh -c "head -n 1; exec <&-; sleep 1; echo end" | cat',
    )
    expect(first).toEqual({ exitCode: 0, stdout: 'y\nend\n', stderr: '' })
  })

  test('who keeps the pipe behind the process does not hold the command', async () => {
    const { stdout } = await shell('lighter exec box sh -c "sleep 333 & echo done" | cat')
    expect(stdout).toBe('done\n')
  })
})
