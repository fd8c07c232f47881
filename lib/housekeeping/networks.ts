import { rmSync } from 'node:fs'
import { listContainers } from '../container/catalog.ts'
import { endpointsOf } from '../container/endpoints.ts'
import { isPrunable, type PruneFilter, recordPrune } from '../container/prune.ts'
import { LighterError } from '../core/errors.ts'
import { matchesLabels } from '../core/labels.ts'
import { patternTest } from '../core/patterns.ts'
import { recordEvent } from '../events/journal.ts'
import { moveToTrash } from '../fs/trash.ts'
import {
  findNetwork,
  listNetworks,
  listOwnNetworks,
  type NetworkRecord,
  networkDirectory,
} from '../network/record.ts'

/**
 * Removes a network that no running container is on; with `force` one that is not there is no failure. Returns whether one was
 * removed. Throws `no-such-network`, `forbidden`.
 */
export function removeNetwork(data: string, text: string, force: boolean): boolean {
  const network = find(data, text, force)
  if (!network) return false
  if (network.predefined) {
    throw new LighterError(
      'forbidden',
      `${network.name} is a pre-defined network and cannot be removed`,
    )
  }
  const refused = (reason: string): LighterError =>
    new LighterError('forbidden', `error while removing network: ${reason}`)
  if (isInUse(data, network)) {
    throw refused(`network ${network.name} id ${network.id} has active endpoints`)
  }
  if (listNetworks(data).some(({ configFrom }) => configFrom === network.name)) {
    throw refused(`configuration network ${JSON.stringify(network.name)} is in use`)
  }
  removeRecord(data, network)
  return true
}

function find(data: string, text: string, force: boolean): NetworkRecord | undefined {
  try {
    return findNetwork(data, text)
  } catch (error) {
    if (force && error instanceof LighterError && error.code === 'no-such-network') return undefined
    throw error
  }
}

/** Bridges are made when a container starts and go when the last container ends: there is only the record. */
function removeRecord(data: string, { id, name, driver }: NetworkRecord): void {
  const moved = moveToTrash(data, networkDirectory(data, id))
  if (moved === undefined) return
  recordEvent(data, {
    type: 'network',
    action: 'destroy',
    id,
    attributes: { name, type: driver },
  })
  rmSync(moved, { recursive: true, force: true })
}

const isInUse = (data: string, { id }: NetworkRecord): boolean => usedNetworks(data).has(id)

/** Removes the networks that no running container is on. Returns their names. */
export function pruneNetworks(data: string, filter: PruneFilter): string[] {
  const used = usedNetworks(data)
  const sources = new Set(listOwnNetworks(data).map(({ configFrom }) => configFrom))
  const doomed = listOwnNetworks(data).filter(
    ({ id, name, createdAt, labels }) =>
      !used.has(id) && !sources.has(name) && isPrunable(filter, createdAt, labels),
  )
  for (const network of doomed) removeRecord(data, network)
  recordPrune(data, 'network', 0)
  return doomed.map(({ name }) => name).sort()
}

/** By the records of running containers, and by their links: a killed `network connect` leaves one that is on no record. */
const usedNetworks = (data: string): Set<string> =>
  new Set(
    listContainers(data).flatMap(({ record, state }) =>
      state.status === 'running'
        ? [
            ...endpointsOf(data, record).map(({ networkId }) => networkId),
            ...state.networks.map(({ id }) => id),
          ]
        : [],
    ),
  )

/** The networks that pass all filters of Docker's `network ls`. Throws `bad-input`. */
export function filterNetworks(
  networks: readonly NetworkRecord[],
  filters: ReadonlyMap<string, readonly string[]>,
): NetworkRecord[] {
  const tests = [...filters].map(([name, values]) => makeTest(name, values))
  return networks.filter((network) => tests.every((test) => test(network)))
}

type Test = (network: NetworkRecord) => boolean

function makeTest(filter: string, values: readonly string[]): Test {
  switch (filter) {
    case 'name': {
      const matches = patternTest(values)
      return ({ name }) => matches(name)
    }
    case 'id': {
      const matches = patternTest(values)
      return ({ id }) => matches(id)
    }
    case 'driver':
      return ({ driver }) => values.includes(driver)
    case 'scope':
      return () => values.includes('local')
    case 'label':
      return ({ labels }) => matchesLabels(values, labels)
    case 'type':
      return typeTest(values)
    case 'dangling':
      return danglingTest(values)
    default:
      throw new LighterError('bad-input', `invalid filter '${filter}'`)
  }
}

function typeTest(values: readonly string[]): Test {
  for (const value of values) {
    if (value === 'custom' || value === 'builtin') continue
    throw new LighterError('bad-input', `invalid filter: 'type'='${value}'`)
  }
  return ({ predefined }) => values.includes(predefined ? 'builtin' : 'custom')
}

/** Docker asks whether it was made by somebody, not whether containers are on it; in other words than of images and volumes. */
function danglingTest(values: readonly string[]): Test {
  const [value = '', ...others] = values
  if (others.length > 0) {
    throw new LighterError('bad-input', 'got more than one value for filter key "dangling"')
  }
  if (!/^([01]|true|false)$/.test(value)) {
    throw new LighterError(
      'bad-input',
      'invalid value for filter \'dangling\', must be "true" (or "1"), or "false" (or "0")',
    )
  }
  const wanted = value === '1' || value === 'true'
  return ({ predefined }) => wanted !== (predefined === true)
}
