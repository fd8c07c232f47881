import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { openTerminal, type Terminal } from '../helpers/terminal.ts'
import { makeWorld, type World } from '../helpers/world.ts'

let world: World
const lighter = (...args: string[]) => world.lighter(args)

beforeAll(async () => {
  world = makeWorld('completion')
  await lighter('create', '--name', 'web-server', 'lighter/hello')
  await lighter('network', 'create', 'backstage')
  await lighter('volume', 'create', 'store')
  await lighter('tag', 'lighter/hello', 'localhost:5000/app:one')
})
afterAll(() => world.remove())

/** Where each shell looks for the script of `completion`, and its own settings: nothing of the machine's. */
const SHELLS = {
  bash: {
    file: '.local/share/bash-completion/completions/lighter',
    settings: '.bashrc',
    text: 'PS1="ready> "; . ~/.local/share/bash-completion/completions/lighter',
    args: ['--noprofile', '--rcfile', '.bashrc', '-i'],
  },
  zsh: {
    file: '.zfunc/_lighter',
    settings: '.zshrc',
    text: 'fpath=(~/.zfunc $fpath); autoload -U compinit; compinit -u; PS1="ready> "',
    args: ['-d', '-i'],
  },
  fish: {
    file: '.config/fish/completions/lighter.fish',
    settings: '.config/fish/config.fish',
    text: 'function fish_prompt; echo "ready> "; end; set -g fish_greeting',
    args: ['-i'],
  },
} as const

/** The program for the script of the shell, which asks it; called otherwise it says with what. */
const RECORDER = `#!/bin/sh
if [ "$1" = __complete ]; then exec '${inject('program')}' "$@"; fi
printf 'called'; printf '|%s' "$@"; echo
`

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (shell) => {
  const { file, settings, text, args } = SHELLS[shell]

  beforeAll(async () => {
    const script = `mkdir -p bin place "$(dirname ${file})" "$(dirname ${settings})"; touch environment
      '${inject('program')}' completion ${shell} >${file}
      printf %s "$1" >${settings}; printf %s "$2" >bin/lighter; chmod +x bin/lighter`
    const outcome = await world.run('sh', ['-ec', script, 'sh', text, RECORDER])
    expect(outcome).toEqual({ exitCode: 0, stdout: '', stderr: '' })
  })

  async function open(): Promise<Terminal> {
    const PATH = `${world.home}/bin:/usr/bin:/bin`
    const env = { HOME: world.home, PATH, LANG: 'C.UTF-8' }
    const terminal = await openTerminal(world, [...args], { columns: 160, program: shell, env })
    await terminal.waitFor(/ready> /)
    return terminal
  }

  // An X is typed behind what Tab has made of the line: it shows whether a space was put there.
  test.each([
    ['contai', 'container|X'],
    ['container crea', 'container|create|X'],
    ['start ', 'start|web-server|X'],
    ['rm -f w', 'rm|-f|web-server|X'],
    ['logs --ta', 'logs|--tail|X'],
    ['run --pull=mi', 'run|--pull=missing|X'],
    ['run --network=ho', 'run|--network=host|X'],
    ['run --network back', 'run|--network|backstage|X'],
    ['network rm ba', 'network|rm|backstage|X'],
    ['volume rm st', 'volume|rm|store|X'],
    ['run -v sto', 'run|-v|store:X'],
    ['cp web-s', 'cp|web-server:X'],
    // bash takes it apart at its colon.
    ['rmi localhost:5000/a', 'rmi|localhost:5000/app:one|X'],
    ['run --env-file env', 'run|--env-file|environment|X'],
    ['run --env-file=env', 'run|--env-file=environment|X'],
    ['run -v ./pla', 'run|-v|./place/X'],
    // Not the program's own operands.
    ['run lighter/hello logs --ta', 'run|lighter/hello|logs|--taX'],
  ])('%s', async (line, words) => {
    const terminal = await open()
    try {
      terminal.type(`lighter ${line}\tX\r`)
      const [, called] = await terminal.waitFor(/called\|(.*)\r\n/)
      expect(called).toBe(words)
    } finally {
      terminal.kill()
    }
  })

  test('what else there is', async () => {
    const terminal = await open()
    try {
      terminal.type('lighter network \t\t')
      await terminal.waitFor(/connect\b[\s\S]*disconnect\b/)
    } finally {
      terminal.kill()
    }
  })
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
