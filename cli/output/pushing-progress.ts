import { createHash } from 'node:crypto'
import { LighterError } from '../../lib/core/errors.ts'
import { printable } from '../../lib/core/printable.ts'
import type { CreateEvent } from '../../lib/imagetools/create.ts'

const RULE = '------'

/** Where progress is written; of a terminal it is known how wide it is. */
type Out = Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>

/** Shows what happens to the names of a new image, in one of buildx' ways. Throws `usage` for another one. */
export function showPushing(mode: string, out: Out, now = Date.now): (event: CreateEvent) => void {
  switch (mode) {
    case 'quiet':
      return () => undefined
    case 'rawjson':
      return showJson(out)
    case 'tty':
      if (out.isTTY) return showOnTerminal(out, now)
      throw new LighterError('usage', 'failed to get console: provided file is not a console')
    case 'auto':
    case '':
      return out.isTTY ? showOnTerminal(out, now) : showPlain(out, now)
    case 'plain':
      return showPlain(out, now)
    default:
      throw new LighterError('usage', `invalid progress mode ${mode}`)
  }
}

const titleOf = (tag: string): string => `[internal] pushing ${tag}`

/** Numbered steps, each with what it says and how long it took. */
function showPlain(out: Out, now: () => number): (event: CreateEvent) => void {
  const print = (line: string): void => void out.write(`${printable(line)}\n`)
  let count = 0
  let since = 0
  let said: string[] = []
  const seconds = (digits: number): string => ((now() - since) / 1000).toFixed(digits)
  return (event) => {
    if (event.type === 'start') {
      if (count > 0) print('')
      count += 1
      since = now()
      said = []
      print(`#${count} ${titleOf(event.tag)}`)
    } else if (event.type === 'log') {
      const line = `${seconds(3)} ${event.text}`
      said.push(line)
      print(`#${count} ${line}`)
    } else if (event.type === 'done') print(`#${count} DONE ${seconds(1)}s`)
    else {
      print(`#${count} ERROR: ${event.reason}`)
      for (const line of [RULE, ` > ${titleOf(event.tag)}:`, ...said, RULE]) print(line)
    }
  }
}

/** One line for each name, which says what is being done until it is done. */
function showOnTerminal(out: Out, now: () => number): (event: CreateEvent) => void {
  let since = 0
  const redraw = (text: string, end = ''): void => {
    const line = printable(text).slice(0, Math.max(20, out.columns ?? 80) - 1)
    out.write(`\r\x1b[K${line}${end}`)
  }
  return (event) => {
    const title = titleOf(event.tag)
    const took = `${((now() - since) / 1000).toFixed(1)}s`
    if (event.type === 'start') {
      since = now()
      redraw(` => ${title}`)
    } else if (event.type === 'log') redraw(` => ${title}: ${event.text}`)
    else if (event.type === 'done') redraw(` => ${title} ${took}`, '\n')
    else redraw(` => ERROR ${title} ${took}`, '\n')
  }
}

/** One JSON document for each change, as BuildKit tells them to programs. */
function showJson(out: Out): (event: CreateEvent) => void {
  const print = (document: object): void => void out.write(`${JSON.stringify(document, null, 2)}\n`)
  let started = ''
  return (event) => {
    const name = titleOf(event.tag)
    const vertex = `sha256:${createHash('sha256').update(name).digest('hex')}`
    const timestamp = new Date().toISOString()
    if (event.type === 'log') {
      const data = Buffer.from(`${event.text}\n`).toString('base64')
      return print({ logs: [{ vertex, stream: 1, data, timestamp }] })
    }
    if (event.type === 'start') started = timestamp
    const ended = event.type === 'start' ? {} : { completed: timestamp }
    const error = event.type === 'failed' ? { error: event.reason } : {}
    print({ vertexes: [{ digest: vertex, name, started, ...ended, ...error }] })
  }
}
