import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('completion')
  await lighter('create', '--name', 'web-server', 'lighter/hello')
  await lighter('tag', 'lighter/hello', 'localhost:5000/app:one')
})
afterAll(() => world.remove())

/** What bash would offer after this line, with the script of `completion bash`. */
async function offered(line: string): Promise<string[]> {
  const script = `
    lighter() { "$PROGRAM" "$@"; }
    compopt() { :; }
    source <(lighter completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1}
    _lighter_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr } = await world.run('bash', ['-c', script, 'bash', line], {
    env: { PROGRAM: inject('program') },
  })
  expect(stderr).toBe('')
  return stdout.split('\n').filter(Boolean)
}

test.each([
  ['lighter contai', ['container']],
  ['lighter start ', ['web-server']],
  ['lighter rm -f w', ['web-server']],
  ['lighter logs --ta', ['--tail']],
  // bash replaces what stands behind the last colon only.
  ['lighter rmi localhost:5000/a', ['5000/app:one']],
  ['lighter run --network=ho', ['host']],
])('bash: %s', async (line, texts) => {
  expect(await offered(line)).toEqual(texts)
})

test('bash: files where an operand is one', async () => {
  await world.run('touch', [join(world.home, 'environment')])
  expect(await offered('lighter run --env-file env')).toEqual(['environment'])
})

test.each(['zsh', 'fish'])('%s has a script', async (shell) => {
  const { exitCode, stdout } = await lighter('completion', shell)
  expect(exitCode).toBe(0)
  expect(stdout).toContain('__complete')
  expect(stdout).not.toContain('PROGRAM')
})

test('another shell', async () => {
  expect(await lighter('completion', 'csh')).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'unknown shell "csh": one of bash, zsh, fish\n',
  })
})

test('asking makes no directories', async () => {
  const data = join(world.home, 'nothing')
  const { stdout } = await world.lighter(['__complete', '--', 'rm', ''], {
    env: { LIGHTER_DATA_DIR: data },
  })
  expect(stdout).toBe(':nofiles\n')
  expect(existsSync(data)).toBe(false)
})
