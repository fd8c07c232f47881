import { type ContainerWithState, listContainers } from '../../lib/container/catalog.ts'
import { commandOf } from '../../lib/container/record.ts'
import { formatAge, formatStatus } from '../../lib/container/status.ts'
import { shortId } from '../../lib/core/ids.ts'
import type { Engine } from '../../lib/engine.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { formatSize } from '../output/units.ts'
import type { Parsed } from '../parse.ts'

/** `ps`: the running containers, or more of them. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const whole = parsed.bool('no-trunc')
  const rows = choose(await listLiving(context, parsed.bool('all')), parsed)
  if (parsed.bool('quiet')) {
    for (const { record } of rows) context.print(whole ? record.id : shortId(record.id))
    return 0
  }
  const now = Date.now()
  const sizes = parsed.bool('size') ? await measure(context.engine, rows) : undefined
  const columns = [
    { head: 'CONTAINER ID', text: idOf(whole) },
    { head: 'IMAGE', text: ({ record }: ContainerWithState) => record.image },
    {
      head: 'COMMAND',
      text: (row: ContainerWithState) => formatCommand(commandOf(row.record), whole),
    },
    {
      head: 'CREATED',
      text: ({ record }: ContainerWithState) =>
        `${formatAge(now - Date.parse(record.createdAt))} ago`,
    },
    { head: 'STATUS', text: ({ state }: ContainerWithState) => formatStatus(state, now) },
    { head: 'PORTS', text: formatPorts },
    { head: 'NAMES', text: ({ record }: ContainerWithState) => record.name },
    ...(sizes ? [{ head: 'SIZE', text: (row: ContainerWithState) => sizes.get(row) ?? '' }] : []),
  ]
  context.print(formatTable(columns, rows).join('\n'))
  return 0
}

/** What a crash kept from being removed is removed now and not shown; what cannot be shown is told. */
async function listLiving(context: Context, tellDamaged: boolean): Promise<ContainerWithState[]> {
  const { engine } = context
  const all = listContainers(
    engine.paths.data,
    tellDamaged ? ({ message }) => context.warn(`WARNING: ${message}`) : undefined,
  )
  if (!all.some(({ record }) => record.host.autoRemove)) return all
  const { collectAbandoned, isAbandoned } = await import('../../lib/container/abandoned.ts')
  const abandoned = all.filter(isAbandoned)
  if (abandoned.length > 0) await collectAbandoned(engine, abandoned)
  return all.filter((container) => !abandoned.includes(container))
}

async function measure(
  engine: Engine,
  rows: ContainerWithState[],
): Promise<Map<ContainerWithState, string>> {
  const { measureContainers } = await import('../../lib/container/size.ts')
  const sizes = await measureContainers(engine, rows)
  return new Map(
    rows.map((row, index) => {
      const { own, total } = sizes[index] ?? { own: 0, total: 0 }
      return [row, `${formatSize(own)} (virtual ${formatSize(total)})`]
    }),
  )
}

function choose(all: ContainerWithState[], parsed: Parsed): ContainerWithState[] {
  const last = parsed.bool('latest') ? 1 : (parsed.int('last') ?? -1)
  if (last > 0) return all.slice(0, last)
  return parsed.bool('all') ? all : all.filter(({ state }) => state.status === 'running')
}

const idOf =
  (whole: boolean) =>
  ({ record }: ContainerWithState): string =>
    whole ? record.id : shortId(record.id)

const MAX_COMMAND = 20

/** Quoted, the words with a blank in them too; cut to twenty characters. */
export function formatCommand(command: string[], whole: boolean): string {
  const [path = '', ...args] = command
  const text = [path, ...args.map((word) => (word.includes(' ') ? `'${word}'` : word))].join(' ')
  const characters = [...text]
  const cut =
    whole || characters.length <= MAX_COMMAND
      ? text
      : `${characters.slice(0, MAX_COMMAND - 1).join('')}…`
  return JSON.stringify(cut)
}

/** Ports that the image declares: shown while the container runs. */
function formatPorts({ record, state }: ContainerWithState): string {
  return state.status === 'running' ? record.config.exposedPorts.join(', ') : ''
}
