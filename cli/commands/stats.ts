import { setTimeout as sleep } from 'node:timers/promises'
import {
  type ContainerWithState,
  findContainer,
  listContainers,
  readContainer,
  withState,
} from '../../lib/container/catalog.ts'
import { type ProcessTree, readProcessTree } from '../../lib/container/processes.ts'
import { measureUsage, type Usage } from '../../lib/container/usage.ts'
import { shortId } from '../../lib/core/ids.ts'
import { formatBinarySize, formatSize } from '../../lib/core/units.ts'
import type { Context } from '../context.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** Between two looks, in milliseconds: the processor's share is that of this time. */
const INTERVAL = 1000
const CLEAR_SCREEN = '\x1b[2J\x1b[H'

/** `stats`: a screen that is drawn anew each second, or one look. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const stream = !parsed.bool('no-stream')
  const show = await chooseFormat(parsed)
  const list = chooseContainers(context, parsed)
  let before = measureAll(list())
  for (;;) {
    await sleep(INTERVAL)
    const containers = list()
    const now = measureAll(containers)
    const rows = containers.map((row) => describe(row, before, now, parsed.bool('no-trunc')))
    writeOut(`${stream ? CLEAR_SCREEN : ''}${show(rows)}`)
    if (!stream || (parsed.operands.length > 0 && containers.length === 0)) return 0
    before = now
  }
}

interface Shown {
  container: ContainerWithState
  /** As the user named it. */
  text: string
}

/** The containers to show, looked for anew at each call: those named, without the ones removed since, or those that run. */
function chooseContainers({ engine }: Context, parsed: Parsed): () => Shown[] {
  const { data } = engine.paths
  const named = parsed.operands.map((text) => ({ text, id: findContainer(data, text).record.id }))
  if (named.length === 0) {
    return () =>
      listContainers(data)
        .filter(({ state }) => parsed.bool('all') || 'process' in state)
        .map((container) => ({ container, text: shortId(container.record.id) }))
  }
  return () =>
    named.flatMap(({ text, id }) => {
      const container = readContainer(data, id)
      const found = container && withState(container)
      return found ? [{ text, container: found }] : []
    })
}

function measureAll(shown: readonly Shown[]): Map<string, Usage> {
  let known: ProcessTree | undefined
  const tree = (): ProcessTree => {
    known ??= readProcessTree()
    return known
  }
  const usages = new Map<string, Usage>()
  for (const { container } of shown) {
    const { state, record } = container
    const usage = 'process' in state && measureUsage(record.id, state.process.pid, tree)
    if (usage) usages.set(record.id, usage)
  }
  return usages
}

/** One row, with the names that `--format json` has in Docker. */
interface Row {
  BlockIO: string
  CPUPerc: string
  Container: string
  ID: string
  MemPerc: string
  MemUsage: string
  Name: string
  NetIO: string
  PIDs: string
}

function describe(
  { container: { record }, text }: Shown,
  before: ReadonlyMap<string, Usage>,
  now: ReadonlyMap<string, Usage>,
  whole: boolean,
): Row {
  const usage: Shares = now.get(record.id) ?? NOTHING
  const past = before.get(record.id) ?? usage
  // What processes used that ended since is gone from the sum where there is no cgroup.
  const share = usage.at > past.at ? Math.max(0, usage.cpu - past.cpu) / (usage.at - past.at) : 0
  const memory = usage.memoryLimit > 0 ? usage.memory / usage.memoryLimit : 0
  return {
    BlockIO: `${formatSize(usage.blocksRead)} / ${formatSize(usage.blocksWritten)}`,
    CPUPerc: `${(share * 100).toFixed(2)}%`,
    Container: text,
    ID: whole ? record.id : shortId(record.id),
    MemPerc: `${(memory * 100).toFixed(2)}%`,
    MemUsage: `${formatBinarySize(usage.memory)} / ${formatBinarySize(usage.memoryLimit)}`,
    Name: record.name,
    NetIO: `${formatSize(usage.received)} / ${formatSize(usage.sent)}`,
    PIDs: String(usage.tasks),
  }
}

type Shares = Pick<
  Usage,
  | 'at'
  | 'cpu'
  | 'memory'
  | 'memoryLimit'
  | 'received'
  | 'sent'
  | 'blocksRead'
  | 'blocksWritten'
  | 'tasks'
>

const NOTHING: Shares = {
  at: 0,
  cpu: 0,
  memory: 0,
  memoryLimit: 0,
  received: 0,
  sent: 0,
  blocksRead: 0,
  blocksWritten: 0,
  tasks: 0,
}

/** In the order of Docker's table; `Container` has a head for templates only. */
const HEADS = {
  ID: 'CONTAINER ID',
  Name: 'NAME',
  CPUPerc: 'CPU %',
  MemUsage: 'MEM USAGE / LIMIT',
  MemPerc: 'MEM %',
  NetIO: 'NET I/O',
  BlockIO: 'BLOCK I/O',
  PIDs: 'PIDS',
  Container: 'CONTAINER',
} as const

const DEFAULT_TABLE = `table ${Object.keys(HEADS)
  .filter((name) => name !== 'Container')
  .map((name) => `{{.${name}}}`)
  .join('\t')}`

async function chooseFormat(parsed: Parsed): Promise<(rows: readonly Row[]) => string> {
  const { formatRows, plainRows } = await import('../output/rows.ts')
  const kind = plainRows<Row>('container.statsContext', HEADS)
  const given = parsed.string('format') ?? ''
  const format = given === '' || given === 'table' ? DEFAULT_TABLE : given
  return (rows) => formatRows(kind, format, rows)
}
