import { LighterError } from '../../lib/core/errors.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../../lib/format/errors.ts'
import { encodeForHtml } from '../../lib/format/json.ts'
import { alignColumns } from '../../lib/format/tabwriter.ts'
import { parseTemplate, type Template } from '../../lib/format/template.ts'
import {
  type GoMethod,
  type GoType,
  type GoValue,
  mapOf,
  pointerTo,
  STRING,
  string,
  textOf,
} from '../../lib/format/values.ts'

/** A kind of rows that `--format` prints: what Docker calls a formatter context. */
export interface RowKind<Row> {
  /** Docker's Go type, which errors name. */
  type: string
  heads: Readonly<Record<string, string>>
  cells: Readonly<Record<string, (row: Row) => string>>
  /** Those that `{{json .}}` shows in another way. */
  jsonCells?: Readonly<Record<string, (row: Row) => string>>
  /** `.Label "key"` */
  label?: (row: Row, key: string) => string
  /** Which cells were looked at, those of `{{json .}}` too. */
  used?: Set<string>
}

/** Rows that are their own cells. */
export const plainRows = <Row extends Readonly<Record<keyof Row, string>>>(
  type: string,
  heads: Readonly<Record<keyof Row & string, string>>,
): RowKind<Row> => ({
  type,
  heads,
  cells: Object.fromEntries(
    Object.keys(heads).map((name) => [name, (row: Row) => row[name as keyof Row]]),
  ),
})

const TABLE = 'table'

/** Rows by a format of Docker's: `json`, `table TEMPLATE` with a head, or a template alone. One line each, at least. */
export function formatRows<Row>(kind: RowKind<Row>, format: string, rows: readonly Row[]): string {
  const isTable = format.startsWith(TABLE)
  const source = format === 'json' ? '{{json .}}' : isTable ? format.slice(TABLE.length) : format
  const text = source
    .replace(/^ +| +$/g, '')
    .replaceAll('\\t', '\t')
    .replaceAll('\\n', '\n')
  const template = read(text, 'template parsing error')
  const type = rowType(kind)
  const lines = rows.map(
    (row) => `${run(template, { type, data: row }, 'template parsing error')}\n`,
  )
  if (!isTable) return lines.join('')
  const head = template.executeHead({ type: headType(), data: kind.heads })
  return alignColumns(`${head}\n${lines.join('')}`)
}

/**
 * Executes a format once without a row, as Docker's `ps` does to learn what is asked for. Throws what is wrong with it, in the
 * words that belong to this step.
 */
export function probeFormat<Row>(kind: RowKind<Row>, format: string, empty: Row): void {
  const template = read(format, 'failed to parse template')
  run(template, { type: rowType(kind), data: empty }, 'failed to execute template')
}

function read(text: string, prefix: string): Template {
  try {
    return parseTemplate(text)
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError)) throw error
    throw new LighterError('usage', `${prefix}: ${error.message}`)
  }
}

function run(template: Template, value: GoValue, prefix: string): string {
  try {
    return template.execute(value)
  } catch (error) {
    if (!(error instanceof TemplateExecutionError)) throw error
    throw new LighterError('usage', `${prefix}: ${error.message}`)
  }
}

/** Rows show themselves through methods; `{{json .}}` has all that take no argument. */
function rowType<Row>(kind: RowKind<Row>): GoType {
  const { cells, label, used } = kind
  const methods: Record<string, GoMethod> = {}
  for (const [name, cell] of Object.entries(cells)) {
    methods[name] = {
      parameters: [],
      call: (row) => {
        used?.add(name)
        return string(cell(row as Row))
      },
    }
  }
  if (label) {
    methods.Label = {
      parameters: ['string'],
      call: (row, [key]) => string(label(row as Row, key ? textOf(key) : '')),
    }
  }
  const json = (row: unknown): string => {
    const entries = Object.entries({ ...cells, ...kind.jsonCells }).sort(([a], [b]) =>
      a < b ? -1 : 1,
    )
    for (const [name] of entries) used?.add(name)
    return encodeForHtml(
      Object.fromEntries(entries.map(([name, cell]) => [name, cell(row as Row)])),
    )
  }
  return pointerTo({ kind: 'struct', name: kind.type, methods, json })
}

/** The head of `.Label "a.b-c"` is `b c`. */
const headType = (): GoType => ({
  ...mapOf(STRING, 'formatter.SubHeaderContext'),
  methods: {
    Label: {
      parameters: ['string'],
      call: (_, [key]) =>
        string((key ? textOf(key) : '').split('.').at(-1)?.replace(/[-_]/g, ' ') ?? ''),
    },
  },
})
