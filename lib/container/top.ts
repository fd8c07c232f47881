import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { isAlive } from '../host/process.ts'
import { findProgram } from '../host/programs.ts'
import type { ContainerWithState } from './catalog.ts'
import { recordContainerEvent } from './events.ts'
import { containerProcesses } from './processes.ts'
import { endedMeanwhile, notRunning } from './stop.ts'

export interface ProcessTable {
  titles: string[]
  rows: string[][]
}

/** The processes of a container as the host's `ps` shows them. `name`: what the user calls it. Throws `not-running`. */
export async function topOf(
  data: string,
  container: ContainerWithState,
  options: string[],
  name: string,
): Promise<ProcessTable> {
  const { record, state } = container
  if (!('process' in state)) throw notRunning(record.id)
  const table = await listProcesses(
    containerProcesses(state.process.pid),
    options.length > 0 ? options : ['-ef'],
  )
  // Options may leave out all of them.
  if (table.rows.length === 0 && !isAlive(state.process)) throw endedMeanwhile(container, name)
  recordContainerEvent(data, record, 'top')
  return table
}

const MAX_OUTPUT = 16 * 1024 * 1024

/** What the host's `ps` says about some processes. The options are the user's; an output without ids is refused. */
export async function listProcesses(
  pids: readonly number[],
  options: string[],
): Promise<ProcessTable> {
  checkOptions(options)
  const program = findProgram('ps')
  if (!program)
    throw new LighterError('bad-input', 'exec: "ps": executable file not found in $PATH')
  const only = await callPs(program, [...options, '-q', pids.join(',')])
  // Some options, such as `f`, cannot be together with -q: then all are listed, and the others dropped.
  const answer = only.code === 0 ? only : await callPs(program, options)
  if (answer.code !== 0) {
    const [line = ''] = answer.stderr.split('\n')
    throw new LighterError('bad-input', `ps: ${line}`)
  }
  return parseTable(answer.stdout, new Set(pids.map(String)))
}

/** A column that only calls itself PID would let the processes of others through. */
function checkOptions(options: string[]): void {
  for (const [, column = '', title = ''] of ` ${options.join(' ')}`.matchAll(
    /\s+(\S*)=\s*(PID\S*)/gi,
  )) {
    if (column.toLowerCase() !== 'pid') {
      throw new LighterError('bad-input', `specifying "${column}=${title}" is not allowed`)
    }
  }
}

interface PsAnswer {
  code: number
  stdout: string
  stderr: string
}

function callPs(program: string, args: string[]): Promise<PsAnswer> {
  return new Promise((resolve) => {
    lazyChildProcess().execFile(
      program,
      args,
      { maxBuffer: MAX_OUTPUT, encoding: 'utf8' },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
        resolve({ code, stdout, stderr: stderr || (error?.message ?? '') })
      },
    )
  })
}

/** Lines of `ps` cut into columns: the last one, a command, keeps its blanks as single ones. */
export function parseTable(output: string, pids: ReadonlySet<string>): ProcessTable {
  const [head = '', ...lines] = output.split('\n')
  const titles = fields(head)
  const column = titles.indexOf('PID')
  if (column < 0) throw new LighterError('bad-input', "Couldn't find PID field in ps output")
  const rows: string[][] = []
  // A process that continues a line (threads show `-`) belongs to the one above.
  let shown = false
  for (const line of lines) {
    const cells = fields(line)
    if (cells.length === 0) continue
    const pid = cells[column] ?? ''
    if (pid !== '-') {
      if (!/^\d+$/.test(pid)) throw new LighterError('bad-input', `Unexpected pid '${pid}'`)
      shown = pids.has(pid)
    }
    if (!shown) continue
    const last = titles.length - 1
    rows.push([...cells.slice(0, last), cells.slice(last).join(' ')])
  }
  return { titles, rows }
}

const fields = (line: string): string[] => line.trim().split(/\s+/).filter(Boolean)
