import type { Plan } from './resolve.ts'
import { type Definition, FIELDS, type FieldValue, type Target } from './target.ts'

/** The plan as `--print` shows it. */
export function formatPlan({ groups, targets }: Plan): string {
  const named = byName([...groups].map(([name, members]) => [name, { targets: members }]))
  const document = {
    ...(groups.size > 0 && { group: named }),
    target: byName([...targets].map(([name, target]) => [name, describeTarget(target)])),
  }
  return escapeHtml(`${JSON.stringify(document, undefined, 2)}\n`)
}

function byName<Item>(entries: [string, Item][]): Record<string, Item> {
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What is empty is not shown. */
function describeTarget({ values }: Target): Record<string, FieldValue> {
  const shown = FIELDS.flatMap(({ name }): [string, FieldValue][] => {
    const value = values.get(name)
    if (value === undefined || (typeof value === 'object' && Object.keys(value).length === 0))
      return []
    return [
      [
        name,
        Array.isArray(value) || typeof value !== 'object' ? value : byName(Object.entries(value)),
      ],
    ]
  })
  return Object.fromEntries(shown)
}

/** As Go writes JSON. */
const escapeHtml = (text: string): string =>
  text.replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )

/** `--list`: targets with what they are for, or variables with their values. */
export function listRows(
  { targets, groups, variables }: Definition,
  kind: 'targets' | 'variables',
): string[][] {
  if (kind === 'variables') {
    const rows = variables.map(({ name, value, description }) => [
      name,
      shown(value),
      description ?? '',
    ])
    return [['VARIABLE', 'VALUE', 'DESCRIPTION'], ...rows.sort(byFirst)]
  }
  const rows = [
    ...groups.map(({ name, description, targets: members }) => [
      name,
      description ?? members.join(', '),
    ]),
    ...targets.map(({ name, values }) => [name, String(values.get('description') ?? '')]),
  ]
  return [['TARGET', 'DESCRIPTION'], ...rows.sort(byFirst)]
}

/** `--list type=…,format=json` */
export const listDocument = (
  { targets, groups, variables }: Definition,
  kind: 'targets' | 'variables',
): unknown =>
  kind === 'variables'
    ? variables
    : [
        ...groups.map(({ name, description, targets: members }) => ({
          name,
          ...(description && { description }),
          group: true,
          targets: members,
        })),
        ...targets.map(({ name, values }) => ({
          name,
          ...(values.has('description') && { description: values.get('description') }),
        })),
      ]

const byFirst = ([a = '']: string[], [b = '']: string[]): number => (a < b ? -1 : 1)

const shown = (value: unknown): string =>
  value === null ? '<null>' : typeof value === 'string' ? value : JSON.stringify(value)
