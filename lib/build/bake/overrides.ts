import { LighterError } from '../../core/errors.ts'
import { parseTruth } from '../../core/truth.ts'
import { type FieldValue, isTexts, type Members, type Target } from './target.ts'
import type { Environment } from './variables.ts'

/** One `--set`. */
export interface Override {
  /** Of names of targets. */
  pattern: string
  key: string
  /** Of an argument, a label or a context. */
  member: string | undefined
  value: string
  /** `+=`: beside what is there. */
  append: boolean
}

export type Overrides = ReadonlyMap<string, readonly Override[]>

/** Keys of which each stands for one more of a list, and the attribute that the list is. */
const LISTS: Readonly<Record<string, string>> = {
  annotations: 'annotations',
  attest: 'attest',
  'cache-from': 'cache-from',
  'cache-to': 'cache-to',
  entitlements: 'entitlements',
  'no-cache-filter': 'no-cache-filter',
  output: 'output',
  platform: 'platforms',
  secrets: 'secret',
  ssh: 'ssh',
  tags: 'tags',
  ulimits: 'ulimits',
}
/** Those that are added to what is there in any case. */
const ADDED = ['annotations', 'attest', 'entitlements']
const MEMBERS = ['args', 'contexts', 'labels', 'extra-hosts']
const TEXTS = ['call', 'context', 'dockerfile', 'network', 'shm-size', 'target']
const TRUTHS = ['no-cache', 'pull', 'push', 'load']

/** Parses a `--set TARGET.KEY[.MEMBER]=VALUE`; `undefined`: an argument of the environment that is not there. Throws `usage`. */
export function parseOverride(text: string, environment: Environment): Override | undefined {
  const equals = text.indexOf('=')
  const left = equals < 0 ? text : text.slice(0, equals)
  const append = equals > 0 && left.endsWith('+')
  const path = append ? left.slice(0, -1) : left
  const [pattern = '', key, ...rest] = path.split('.')
  const member = rest.length > 0 ? rest.join('.') : undefined
  if (key === undefined) throw bad(`invalid override key ${path}, expected target.name`)
  if (equals < 0 && key !== 'args')
    throw bad(`invalid override ${text}, expected target.name=value`)
  if ((key === 'args' || key === 'contexts') && member === undefined) {
    throw bad(`invalid key ${path}, ${key} requires name`)
  }
  const own = (name: string) => (Object.hasOwn(environment, name) ? environment[name] : undefined)
  const value = equals < 0 ? own(member ?? '') : text.slice(equals + 1)
  return value === undefined ? undefined : { pattern, key, member, value, append }
}

/** A target with what is set over it. Throws `usage`. */
export function overrideTarget(target: Target, overrides: readonly Override[]): Target {
  const values = new Map(target.values)
  const given = new Set<string>()
  for (const override of overrides) {
    const { key, member, value } = override
    const list = Object.hasOwn(LISTS, key) ? LISTS[key] : undefined
    if (list !== undefined) {
      const keeps = given.has(key) || override.append || ADDED.includes(key)
      const old = values.get(list)
      values.set(list, keeps && isTexts(old) ? [...old, value] : [value])
      given.add(key)
    } else if (MEMBERS.includes(key)) {
      if (member === undefined) throw bad(`${key} require name`)
      values.set(key, sorted({ ...(values.get(key) as Members | undefined), [member]: value }))
    } else if (TEXTS.includes(key)) values.set(key, value)
    else if (TRUTHS.includes(key)) setTruth(values, key, value)
    else throw bad(`unknown key: ${key}`)
  }
  return { ...target, values }
}

const sorted = (members: Members): Members =>
  Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)))

function setTruth(values: Map<string, FieldValue>, key: string, text: string): void {
  const truth = parseTruth(text)
  if (truth === undefined) throw bad(`invalid value ${text} for boolean key ${key}`)
  if (key !== 'push' && key !== 'load') values.set(key, truth)
  else if (truth)
    values.set(
      'output',
      key === 'push' ? withPush(values.get('output')) : withLoad(values.get('output')),
    )
}

const isImage = (output: string): boolean => /(^|,)type=(image|registry)(,|$)/.test(output)

/** All that makes an image is pushed; where nothing does, one that does is added. */
function withPush(old: FieldValue | undefined): string[] {
  const outputs = isTexts(old) ? old : []
  if (!outputs.some(isImage)) return [...outputs, 'type=image,push=true']
  return outputs.map((output) =>
    isImage(output) && !/(^|,)push=/.test(output) ? `${output},push=true` : output,
  )
}

/** What only is built is loaded, too. */
function withLoad(old: FieldValue | undefined): string[] {
  const outputs = isTexts(old) ? old : []
  const isLoaded = outputs.some(
    (output) => /(^|,)type=docker(,|$)/.test(output) && !/(^|,)dest=/.test(output),
  )
  return isLoaded ? [...outputs] : [...outputs, 'type=docker']
}

const bad = (message: string): LighterError => new LighterError('usage', message)
