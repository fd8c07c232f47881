import { formatSize } from '../../lib/core/units.ts'
import type { OnProgress } from '../../lib/image/progress.ts'

const REDRAW = 100
const BAR = 50

/** What is shown of a layer on its way. */
export interface LayerEvent {
  id: string
  status: string
  current?: number
  total?: number
}

/** States with many events: a bar shows them, not more often than the eye sees, and no line. */
const COUNTED = ['Downloading', 'Pushing', 'Loading layer']

/** Shows a pull: bars that are drawn over on a terminal, else one line per event of a layer. */
export function showPull(stream: NodeJS.WriteStream): OnProgress {
  const print = (line: string): void => void stream.write(`${line}\n`)
  const layers = showLayers(stream)
  return (event) => {
    if (event.type === 'start') print(`${event.tag}: Pulling from ${event.repository}`)
    else if (event.type === 'layer') layers(event)
    else if (event.type === 'digest') print(`Digest: ${event.digest}`)
    else {
      const what = event.fresh ? 'Downloaded newer image' : 'Image is up to date'
      print(`Status: ${what} for ${event.reference}`)
    }
  }
}

/** Shows layers: bars that are drawn over on a terminal, else one line per event. */
export const showLayers = (stream: NodeJS.WriteStream): ((event: LayerEvent) => void) =>
  stream.isTTY ? drawBars(stream) : printLines((line) => void stream.write(`${line}\n`))

function printLines(print: (line: string) => void): (event: LayerEvent) => void {
  return ({ id, status }) => {
    if (!COUNTED.includes(status) && status !== 'Extracting') print(`${id}: ${status}`)
  }
}

/** One row per layer; only the row that changed is drawn, and bars not more often than the eye sees. */
function drawBars(stream: NodeJS.WriteStream): (event: LayerEvent) => void {
  const rows: string[] = []
  const drawn = new Map<string, number>()
  return (event) => {
    const { id, status } = event
    const now = performance.now()
    // What a load counts to the end is the last that is said of a layer.
    const counts = COUNTED.includes(status) && event.current !== event.total
    if (counts && now - (drawn.get(id) ?? -REDRAW) < REDRAW) return
    drawn.set(id, now)
    const text = clip(`${id}: ${status}${formatBar(event)}`, stream.columns || 80)
    const row = rows.indexOf(id)
    if (row < 0) {
      rows.push(id)
      stream.write(`${text}\n`)
      return
    }
    const up = rows.length - row
    stream.write(`\x1b[${up}A\r\x1b[2K${text}\x1b[${up}B\r`)
  }
}

function formatBar({ current, total }: LayerEvent): string {
  if (current === undefined || !total) return ''
  const filled = Math.min(BAR, Math.floor((current / total) * BAR))
  const bar = `${'='.repeat(Math.max(0, filled - 1))}${filled > 0 ? '>' : ''}`.padEnd(BAR)
  return ` [${bar}] ${formatSize(current).padStart(7)}/${formatSize(total)}`
}

/** A row that wraps would take two lines and spoil the count. */
const clip = (text: string, columns: number): string => text.slice(0, Math.max(1, columns - 1))
