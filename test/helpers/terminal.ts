import { spawn } from 'node:child_process'
import { inject } from 'vitest'
import { LIMIT } from './until.ts'
import type { World } from './world.ts'

/** A command under a pseudo terminal, driven as a person would. */
export interface Terminal {
  /** Everything shown so far. */
  output: () => string
  /** Waits until new output matches; returns the match. What was matched before is not seen again. */
  waitFor: (pattern: RegExp) => Promise<RegExpExecArray>
  type: (text: string) => void
  resize: (rows: number, columns: number) => Promise<void>
  /** Waits for the end of the command. */
  exitCode: () => Promise<number>
  kill: () => void
}

export interface TerminalOptions {
  rows?: number
  columns?: number
  /** What runs in it; the program itself unless said otherwise. */
  program?: string
  env?: Record<string, string>
  /** What the shell does afterwards; `$?` is the command's exit code. */
  after?: string
}

const shellWord = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`

/**
 * Runs the program under util-linux's `script`, which makes the terminal. The shell around the command says the
 * terminal's name first, so that its size can be changed from outside.
 */
export async function openTerminal(
  world: World,
  args: string[],
  { rows = 24, columns = 80, after, program = inject('program'), env = {} }: TerminalOptions = {},
): Promise<Terminal> {
  const command = [program, ...args].map(shellWord).join(' ')
  const then = after === undefined ? `exec ${command}` : `${command}; ${after}`
  const shell = `stty rows ${rows} cols ${columns}; tty; ${then}`
  const child = spawn('script', ['-qefc', shell, '/dev/null'], {
    ...world.ids,
    cwd: world.home,
    env: { ...world.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let output = ''
  let seen = 0
  let ended = false
  const wakers = new Set<() => void>()
  const wake = () => {
    for (const waker of wakers) waker()
  }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    wake()
  })
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      ended = true
      wake()
      resolve(code ?? 137)
    })
  })
  child.stdin.on('error', () => {})

  const waitFor = (pattern: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const stop = () => {
        wakers.delete(look)
        clearTimeout(timer)
      }
      const look = () => {
        const match = pattern.exec(output.slice(seen))
        if (match) {
          seen += match.index + match[0].length
          stop()
          resolve(match)
        } else if (ended) {
          stop()
          reject(new Error(`It ended without ${pattern}. Shown: ${JSON.stringify(output)}`))
        }
      }
      const timer = setTimeout(() => {
        stop()
        reject(new Error(`No ${pattern} in ${LIMIT} ms. Shown: ${JSON.stringify(output)}`))
      }, LIMIT)
      wakers.add(look)
      look()
    })

  const name = (await waitFor(/(\/dev\/pts\/\d+)\r?\n/))[1] ?? ''
  return {
    output: () => output,
    waitFor,
    type: (text) => child.stdin.write(text),
    resize: async (rows, columns) => {
      const outcome = await world.run('stty', [
        '-F',
        name,
        'rows',
        String(rows),
        'cols',
        String(columns),
      ])
      if (outcome.exitCode !== 0) throw new Error(outcome.stderr)
    },
    exitCode: () => exit,
    kill: () => child.kill('SIGKILL'),
  }
}
