import type { ContainerWithState } from '../../lib/container/catalog.ts'
import { type ContainerView, containerCells, containerHeads } from './container-row.ts'
import { formatRows as format, probeFormat, type RowKind } from './rows.ts'

/** Containers by a template. */
export const formatRows = (
  view: ContainerView,
  source: string,
  rows: readonly ContainerWithState[],
): string => format(containerKind(view), source, rows)

/** Whether a format asks for sizes, which cost a walk through all files. Throws what is wrong with the format. */
export function probeForSize(source: string): boolean {
  const used = new Set<string>()
  const kind = containerKind({ whole: false, now: 0 })
  const cells = Object.fromEntries(Object.keys(containerHeads).map((name) => [name, () => '']))
  const { type, heads } = kind
  probeFormat<object>({ type, heads, cells, label: () => '', used }, source, {})
  return used.has('Size')
}

/** `--format raw`: a block of lines for each. */
export function rawFormat(quiet: boolean, withSize: boolean): string {
  if (quiet) return 'container_id: {{.ID}}'
  const lines = [
    'container_id: {{.ID}}',
    'image: {{.Image}}',
    'command: {{.Command}}',
    'created_at: {{.CreatedAt}}',
    'state: {{- pad .State 1 0}}',
    'status: {{- pad .Status 1 0}}',
    'names: {{.Names}}',
    'labels: {{- pad .Labels 1 0}}',
    'ports: {{- pad .Ports 1 0}}',
    ...(withSize ? ['size: {{.Size}}'] : []),
  ]
  return `${lines.join('\n')}\n`
}

const containerKind = (view: ContainerView): RowKind<ContainerWithState> => ({
  type: 'formatter.ContainerContext',
  heads: containerHeads,
  cells: containerCells(view),
  label: ({ record }, key) =>
    Object.hasOwn(record.config.labels, key) ? (record.config.labels[key] ?? '') : '',
})
