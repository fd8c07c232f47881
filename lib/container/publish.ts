import { LighterError } from '../core/errors.ts'
import type { Engine } from '../engine.ts'
import { isBridged } from '../network/network.ts'
import type { Container } from './catalog.ts'
import { changeContainer } from './change.ts'
import { askNetwork } from './connect.ts'
import { recordContainerEvent } from './events.ts'
import type { PortBinding } from './options.ts'
import { defaultAddresses, planPort } from './published.ts'

/** Ports to publish, and ports to take back: those of the container as in `80/tcp`; `hostPort` empty: all that lead there. */
export interface PortChange {
  add: PortBinding[]
  remove: PortBinding[]
}

/** Changes what the host publishes of a container, at once where it runs. Throws; nothing is changed then but what was taken back. */
export async function changePorts(
  engine: Engine,
  container: Container,
  { add, remove }: PortChange,
): Promise<void> {
  await changeContainer(engine, container, async (held) => {
    const { record } = held
    if (!isBridged(record.host.networkMode)) {
      throw new LighterError(
        'bad-input',
        `Cannot update container ${record.id}: ports cannot be published in network mode ${record.host.networkMode}`,
      )
    }
    const before = record.host.portBindings ?? []
    for (const wanted of remove) checkPublished(before, wanted, record.id)
    const kept = before.filter((own) => !remove.some((wanted) => isMeant(own, wanted)))
    const addresses = defaultAddresses(engine.paths.data, record.networks)
    await held.settled()
    await askNetwork(engine.paths, held, {
      publish: addresses.length === 0 ? [] : add.map((binding) => planPort(binding, addresses)),
      unpublish: remove.map(planRemoval),
    })
    const exposed = new Set([...record.config.exposedPorts, ...add.map(({ port }) => port)])
    held.save({
      ...record,
      config: { ...record.config, exposedPorts: [...exposed] },
      host: { ...record.host, portBindings: [...kept, ...add] },
    })
    recordContainerEvent(engine.paths.data, record, 'update')
  })
}

const isMeant = (own: PortBinding, wanted: PortBinding): boolean =>
  own.port === wanted.port && (wanted.hostPort === '' || own.hostPort === wanted.hostPort)

function checkPublished(before: readonly PortBinding[], wanted: PortBinding, id: string): void {
  if (before.some((own) => isMeant(own, wanted))) return
  const shown = wanted.hostPort === '' ? wanted.port : `${wanted.hostPort}:${wanted.port}`
  throw new LighterError(
    'bad-input',
    `Cannot update container ${id}: port ${shown} is not published`,
  )
}

function planRemoval(binding: PortBinding): { protocol: string; port: number; number: number } {
  const { protocol, port } = planPort({ ...binding, hostIp: '0.0.0.0' })
  return { protocol, port, number: Number(binding.hostPort) }
}
