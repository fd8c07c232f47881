import type { Context } from '../context.ts'
import { type ClientContext, DEFAULT, listContexts } from '../contexts/store.ts'
import { formatTable } from '../output/table.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

const HEADS = {
  Current: 'CURRENT',
  Description: 'DESCRIPTION',
  DockerEndpoint: 'DOCKER ENDPOINT',
  Error: 'ERROR',
  Name: 'NAME',
} as const

type Row = Record<keyof typeof HEADS, string>

/** `context ls`: the engines that Docker's clients on this account know. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const contexts = listContexts(context.engine.paths)
  const format = parsed.string('format') ?? ''
  if (parsed.bool('quiet')) writeOut(contexts.map(({ name }) => `${name}\n`).join(''))
  else writeOut(await formatContexts(format, contexts))
  return 0
}

async function formatContexts(format: string, contexts: readonly ClientContext[]): Promise<string> {
  if (format === 'json')
    return contexts.map((row) => `${JSON.stringify(documentOf(row))}\n`).join('')
  const rows = contexts.map(rowOf)
  if (format === '' || format === 'table') {
    const name = (row: Row) => (row.Current === 'true' ? `${row.Name} *` : row.Name)
    const columns = (['Name', 'Description', 'DockerEndpoint', 'Error'] as const).map((key) => ({
      head: HEADS[key],
      text: key === 'Name' ? name : (row: Row) => row[key],
    }))
    return `${formatTable(columns, rows).join('\n')}\n`
  }
  if (!format.startsWith('table')) {
    const { executeTyped } = await import('../contexts/templates.ts')
    return executeTyped(ROW_TYPE, format, contexts.map(documentOf))
  }
  const { formatRows, plainRows } = await import('../output/rows.ts')
  return formatRows(plainRows<Row>('formatter.clientContextContext', HEADS), format, rows)
}

const ROW_TYPE = `*formatter.clientContextContext
formatter.clientContextContext
  Current bool
  Description string
  DockerEndpoint string
  Error string
  Name string
`

const documentOf = ({ name, description, host }: ClientContext) => ({
  Current: name === DEFAULT,
  Description: description,
  DockerEndpoint: host,
  Error: '',
  Name: name,
})

const rowOf = (context: ClientContext): Row => {
  const { Current, ...texts } = documentOf(context)
  // What is empty is no truth in a template.
  return { ...texts, Current: Current ? 'true' : '' }
}
