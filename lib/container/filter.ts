import { isInteger } from '../core/characters.ts'
import { LighterError } from '../core/errors.ts'
import { patternTest } from '../core/patterns.ts'
import type { ContainerWithState } from './catalog.ts'
import { healthOf, isUp, stateWord } from './condition.ts'
import { parsePortRange, portsOf } from './ports.ts'

/** Values by the name of the filter. */
export type ContainerFilters = ReadonlyMap<string, readonly string[]>

/** What some filters have to look up elsewhere. */
export interface FilterContext {
  /** A container by name or id. Throws `no-such-container`. */
  find: (text: string) => { record: { id: string } }
  /** The id of an image; `undefined` when there is none of that name. */
  imageId: (text: string) => string | undefined
}

type Test = (container: ContainerWithState) => boolean

const STATES = new Set('created running paused restarting removing exited dead'.split(' '))
const HEALTHS = new Set('none starting healthy unhealthy'.split(' '))

/** Whether the filters alone ask for containers that do not run. */
export const asksForStopped = (filters: ContainerFilters): boolean => filters.has('status')

/**
 * The containers that pass all filters of Docker's `ps`; several values of one name are alternatives, except for labels. `all`
 * is in the order of their making, the newest first. Throws `bad-input`.
 */
export function filterContainers(
  all: readonly ContainerWithState[],
  filters: ContainerFilters,
  context: FilterContext,
): ContainerWithState[] {
  const tests = [...filters].map(([name, values]) => makeTest(name, values, all, context))
  return all.filter((container) => tests.every((test) => test(container)))
}

function makeTest(
  name: string,
  values: readonly string[],
  all: readonly ContainerWithState[],
  context: FilterContext,
): Test {
  const any = (matches: (container: ContainerWithState, value: string) => boolean): Test => {
    return (container) => values.some((value) => matches(container, value))
  }
  switch (name) {
    case 'id':
      return any(({ record }, value) => record.id.startsWith(value))
    case 'name':
      return nameTest(values)
    case 'label':
      return ({ record }) => values.every((value) => hasLabel(record.config.labels, value))
    case 'status':
      for (const value of values) if (!STATES.has(value)) throw invalid(`status=${value}`)
      return any((container, value) => stateWord(container) === value)
    case 'exited':
      return exitedTest(values)
    case 'health':
      for (const value of values) if (!HEALTHS.has(value)) throw wrongHealth(value)
      return any((container, value) => healthOf(container) === value)
    case 'before':
    case 'since':
      return orderTest(name, values, all, context)
    case 'ancestor': {
      const ids = new Set(values.map((value) => context.imageId(value)))
      return ({ record }) => ids.has(record.imageId)
    }
    case 'volume':
      return any(({ record }, value) =>
        record.mounts.some(
          (mount) =>
            mount.destination === value ||
            (mount.type === 'volume' && mount.name === value) ||
            (mount.type === 'bind' && mount.source === value),
        ),
      )
    case 'network':
      return any(({ record: { networks, host } }, value) =>
        networks
          ? networks.some(({ network, networkId }) => network === value || networkId === value)
          : host.networkMode === value && !host.networkMode.startsWith('container:'),
      )
    case 'publish':
    case 'expose':
      return portTest(name, values)
    case 'is-task':
      return taskTest(values)
    // Docker on Linux takes whatever it says, too.
    case 'isolation':
      return () => true
    default:
      throw invalid(name)
  }
}

const invalid = (what: string): LighterError =>
  new LighterError('bad-input', `invalid filter '${what}'`)

const wrongHealth = (value: string): LighterError =>
  new LighterError('bad-input', `unrecognized filter value for health: ${value}`)

/** A part of the name or a pattern for it, with the slash in front or without. */
function nameTest(values: readonly string[]): Test {
  const matches = patternTest(values)
  return ({ record: { name } }) => matches(name) || matches(`/${name}`)
}

function hasLabel(labels: Readonly<Record<string, string>>, wanted: string): boolean {
  const equals = wanted.indexOf('=')
  const key = equals < 0 ? wanted : wanted.slice(0, equals)
  if (!Object.hasOwn(labels, key)) return false
  return equals < 0 || labels[key] === wanted.slice(equals + 1)
}

function exitedTest(values: readonly string[]): Test {
  const codes = values.map((value) => {
    if (!isInteger(value)) {
      const reason = `strconv.Atoi: parsing ${JSON.stringify(value)}: invalid syntax`
      throw new LighterError('bad-input', `invalid filter 'exited=${value}': ${reason}`)
    }
    return Number(value)
  })
  return ({ state }) => state.status === 'exited' && codes.includes(state.exitCode)
}

function orderTest(
  name: 'before' | 'since',
  values: readonly string[],
  all: readonly ContainerWithState[],
  context: FilterContext,
): Test {
  const { id } = context.find(values[0] ?? '').record
  const at = all.findIndex(({ record }) => record.id === id)
  const chosen = new Set(name === 'before' ? all.slice(at + 1) : all.slice(0, at))
  return (container) => chosen.has(container)
}

const MAX_PORT = 65535

function portTest(name: 'publish' | 'expose', values: readonly string[]): Test {
  const ranges = values.map((value) => {
    const range = parsePortRange(value)
    if (range && range.last < range.first) {
      throw new LighterError(
        'bad-input',
        `error while looking up for ${name} ${value}: Invalid range specified for the Port: ${value.replace(/\/.*/, '')}`,
      )
    }
    if (range && range.first <= MAX_PORT && range.last <= MAX_PORT) return range
    const [number = ''] = value.split(/[-/]/)
    const reason = /^\d+$/.test(number) ? 'value out of range' : 'invalid syntax'
    throw new LighterError(
      'bad-input',
      `error while looking up for ${name} ${value}: strconv.ParseUint: parsing ${JSON.stringify(number)}: ${reason}`,
    )
  })
  return (container) =>
    isUp(container) &&
    portsOf(container).some(({ inside, outside, protocol }) => {
      const number = name === 'publish' ? outside : inside
      return ranges.some(
        (range) =>
          number !== undefined &&
          range.first <= number &&
          number <= range.last &&
          range.protocol === protocol,
      )
    })
}

/** There are no tasks of a swarm here. */
function taskTest(values: readonly string[]): Test {
  const wanted = values.map((value) => {
    if (/^(1|true)$/i.test(value)) return true
    if (/^(0|false)$/i.test(value)) return false
    throw invalid(`is-task=[${values.join(' ')}]`)
  })
  return () => wanted.includes(false)
}
