/** What an attribute of a target is, and what becomes of it where another target adds to it. */
export interface Field {
  name: string
  kind: 'text' | 'truth' | 'list' | 'map'
  merge: 'replace' | 'append'
}

const field = (kind: Field['kind'], name: string, merge: Field['merge'] = 'replace'): Field => ({
  name,
  kind,
  merge,
})

/** The attributes of a target, in the order in which `--print` shows them. */
export const FIELDS: readonly Field[] = [
  field('text', 'description'),
  field('list', 'annotations', 'append'),
  field('list', 'attest', 'append'),
  field('text', 'context'),
  field('map', 'contexts', 'append'),
  field('text', 'dockerfile'),
  field('text', 'dockerfile-inline'),
  field('map', 'args', 'append'),
  field('map', 'labels', 'append'),
  field('list', 'tags'),
  field('list', 'cache-from', 'append'),
  field('list', 'cache-to'),
  field('text', 'target'),
  field('list', 'secret', 'append'),
  field('list', 'ssh', 'append'),
  field('list', 'platforms'),
  field('list', 'output'),
  field('truth', 'pull'),
  field('truth', 'no-cache'),
  field('text', 'network'),
  field('list', 'no-cache-filter'),
  field('text', 'shm-size'),
  field('list', 'ulimits', 'append'),
  field('text', 'call'),
  field('list', 'entitlements', 'append'),
  field('map', 'extra-hosts', 'append'),
]

const KINDS = new Map(FIELDS.map((found) => [found.name, found]))

export const fieldNamed = (name: string): Field | undefined => KINDS.get(name)

export type Members = Readonly<Record<string, string | null>>

export type FieldValue = string | boolean | readonly string[] | Members

/** A target as it is defined, or what is left of it when all it inherits is in it. */
export interface Target {
  name: string
  inherits: readonly string[]
  values: ReadonlyMap<string, FieldValue>
}

export interface Group {
  name: string
  description: string | undefined
  targets: readonly string[]
}

export interface Variable {
  name: string
  description: string | undefined
  /** As JSON. */
  value: unknown
}

/** What definition files say. */
export interface Definition {
  targets: readonly Target[]
  groups: readonly Group[]
  variables: readonly Variable[]
  /** Of what means nothing, and is taken all the same. */
  warnings: readonly string[]
}

/** The first with what the second says of its own. */
export function mergeTargets(under: Target, over: Target): Target {
  const values = new Map(under.values)
  for (const [name, value] of over.values)
    values.set(name, mergeField(name, values.get(name), value))
  return { name: under.name, inherits: [...under.inherits, ...over.inherits], values }
}

function mergeField(name: string, old: FieldValue | undefined, value: FieldValue): FieldValue {
  if (old === undefined || fieldNamed(name)?.merge !== 'append') return value
  if (isTexts(old) && isTexts(value)) {
    return name === 'attest' ? lastOfEachType([...old, ...value]) : [...old, ...value]
  }
  if (typeof old !== 'object' || typeof value !== 'object') return value
  // What is null takes nothing away.
  const given = Object.entries(value).filter(([, text]) => text !== null)
  return { ...(old as Members), ...Object.fromEntries(given) }
}

export const isTexts = (value: FieldValue | undefined): value is readonly string[] =>
  Array.isArray(value)

/** Of several attestations of one type the last one counts. */
function lastOfEachType(texts: readonly string[]): string[] {
  const typeOf = (text: string) => /(?:^|,)type=([^,]*)/.exec(text)?.[1] ?? text
  return texts.filter(
    (text, at) => !texts.slice(at + 1).some((later) => typeOf(later) === typeOf(text)),
  )
}

/** Nothing twice, and nothing that is empty. */
export function tidyTarget(target: Target): Target {
  const values = [...target.values].map(([name, value]): [string, FieldValue] => {
    if (isTexts(value)) return [name, [...new Set(value)].filter((text) => text !== '')]
    if (name !== 'contexts' || typeof value !== 'object') return [name, value]
    return [
      name,
      Object.fromEntries(Object.entries(value as Members).filter(([, place]) => place !== '')),
    ]
  })
  return { ...target, values: new Map(values) }
}
