import type { ContainerWithState } from '../../lib/container/catalog.ts'
import { describeStatus, stateWord } from '../../lib/container/condition.ts'
import { inspectMounts } from '../../lib/container/inspect.ts'
import { inspectNetworks } from '../../lib/container/inspect-networks.ts'
import { chooseContainers } from '../../lib/container/list.ts'
import { portsOf } from '../../lib/container/ports.ts'
import { commandOf, commandText } from '../../lib/container/record.ts'
import type { ContainerSize } from '../../lib/container/size.ts'
import { sortMembers } from '../../lib/core/labels.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { type Newer, newerMembers } from './newer.ts'

type Document = Record<string, unknown>

/** `GET /containers/json` */
export async function list(call: Call): Promise<void> {
  const { engine, query } = call
  const rows = await chooseContainers(engine, {
    all: query.bool('all'),
    last: query.int('limit') ?? -1,
    filters: query.filters(),
  })
  const sizes = query.bool('size') ? await measure(call, rows) : []
  const view = viewOf(call)
  call.reply.json(rows.map((row, at) => describe(engine.paths.data, row, view, sizes[at])))
}

async function measure({ engine }: Call, rows: ContainerWithState[]): Promise<ContainerSize[]> {
  const { measureContainers } = await import('../../lib/container/size.ts')
  return await measureContainers(engine, rows)
}

/** How a row is shown. */
export interface View {
  /** Milliseconds since 1970. */
  now: number
  withAnnotations: boolean
  newer: Newer
}

/** As the client of a call expects rows. */
export const viewOf = ({ engine, version }: Call): View => ({
  now: Date.now(),
  withAnnotations: atLeast(version, 46),
  newer: newerMembers(engine, version),
})

/** One container in a list. */
export function describe(
  data: string,
  row: ContainerWithState,
  { now, withAnnotations, newer }: View,
  size: ContainerSize | undefined,
): Document {
  const { record, state } = row
  const { annotations } = record.host
  const document = {
    Id: record.id,
    Names: [`/${record.name}`],
    Image: record.image,
    ImageID: record.imageId,
    Command: commandText(commandOf(record)),
    Created: Math.floor(Date.parse(record.createdAt) / 1000),
    Ports: describePorts(row),
    ...(size?.own ? { SizeRw: size.own } : {}),
    ...(size?.total ? { SizeRootFs: size.total } : {}),
    Labels: sortMembers(record.config.labels),
    State: stateWord(row),
    Status: describeStatus(row, now),
    HostConfig: {
      NetworkMode: record.host.networkMode,
      ...(withAnnotations && annotations ? { Annotations: sortMembers(annotations) } : {}),
    },
    NetworkSettings: { Networks: withoutNames(inspectNetworks(data, record, state)) },
    Mounts: inspectMounts(data, record),
  }
  return newer(document, record.imageId)
}

/** Docker's list leaves out what others call a container. */
function withoutNames({ Networks }: Document): Document {
  return Object.fromEntries(
    Object.entries(Networks as Record<string, Document>).map(([name, endpoint]) => [
      name,
      { ...endpoint, Aliases: null, DNSNames: null },
    ]),
  )
}

function describePorts(row: ContainerWithState): Document[] {
  return portsOf(row)
    .map(({ inside, protocol, address, outside }) => ({
      ...(address === undefined ? {} : { IP: address }),
      PrivatePort: inside,
      ...(outside === undefined ? {} : { PublicPort: outside }),
      Type: protocol,
    }))
    .sort((a, b) => a.PrivatePort - b.PrivatePort)
}
