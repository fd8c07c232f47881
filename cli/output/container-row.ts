import type { ContainerWithState } from '../../lib/container/catalog.ts'
import { describeStatus, stateWord } from '../../lib/container/condition.ts'
import { formatPorts, portsOf } from '../../lib/container/ports.ts'
import { commandOf, commandText, isTmpfsFlag, type MountPoint } from '../../lib/container/record.ts'
import type { ContainerSize } from '../../lib/container/size.ts'
import { shortId } from '../../lib/core/ids.ts'
import { formatSize, formatSpan } from '../../lib/core/units.ts'
import { quote } from '../../lib/format/quote.ts'
import { formatDate } from './date.ts'
import { cutText } from './ellipsis.ts'

/** What `ps` knows beside the containers. */
export interface ContainerView {
  /** Nothing is cut off. */
  whole: boolean
  /** Milliseconds since 1970. */
  now: number
  /** Where they were measured. */
  sizes?: ReadonlyMap<ContainerWithState, ContainerSize> | undefined
}

const MAX_COMMAND = 20
const MAX_MOUNT = 15

export const containerHeads = {
  ID: 'CONTAINER ID',
  Image: 'IMAGE',
  Command: 'COMMAND',
  CreatedAt: 'CREATED AT',
  RunningFor: 'CREATED',
  Status: 'STATUS',
  State: 'STATE',
  Ports: 'PORTS',
  Names: 'NAMES',
  Size: 'SIZE',
  Labels: 'LABELS',
  Mounts: 'MOUNTS',
  LocalVolumes: 'LOCAL VOLUMES',
  Networks: 'NETWORKS',
} as const

export type ContainerColumn = keyof typeof containerHeads

/** The cells of a container, by Docker's names for them. */
export function containerCells(
  view: ContainerView,
): Record<ContainerColumn, (row: ContainerWithState) => string> {
  const { whole, now } = view
  return {
    ID: ({ record }) => (whole ? record.id : shortId(record.id)),
    Image: ({ record }) => (whole ? record.image : shortImage(record.image, record.imageId)),
    Command: ({ record }) => formatCommand(commandOf(record), whole),
    CreatedAt: ({ record }) => formatDate(record.createdAt),
    RunningFor: ({ record }) => `${formatSpan(now - Date.parse(record.createdAt))} ago`,
    Status: (row) => describeStatus(row, now),
    State: stateWord,
    Ports: (row) => formatPorts(portsOf(row)),
    Names: ({ record }) => record.name,
    Size: (row) => formatSizes(view.sizes?.get(row)),
    Labels: ({ record }) => formatLabels(record.config.labels),
    Mounts: ({ record }) =>
      record.mounts
        .filter((mount) => !isTmpfsFlag(record, mount))
        .map((mount) => formatMount(mount, whole))
        .join(','),
    LocalVolumes: ({ record }) =>
      String(record.mounts.filter(({ type }) => type === 'volume').length),
    Networks: ({ record: { networks, host } }) => {
      if (networks) return networks.map(({ network }) => network).join(',')
      return host.networkMode.startsWith('container:') ? '' : host.networkMode
    },
  }
}

/** Without the digest, and without what Docker adds to short names. An id is cut. */
function shortImage(image: string, imageId: string): string {
  if (/^(sha256:)?[0-9a-f]{12,64}$/.test(image) && imageId.includes(image.replace('sha256:', ''))) {
    return shortId(imageId)
  }
  return image.replace(/@sha256:.*$/, '').replace(/^docker\.io\/(library\/)?/, '')
}

/** Quoted, the words with a blank in them too; cut to twenty characters. */
export function formatCommand(command: string[], whole: boolean): string {
  const text = commandText(command)
  return quote(whole ? text : cutText(text, MAX_COMMAND))
}

const formatSizes = (size: ContainerSize | undefined): string => {
  if (!size) return '0B'
  const own = formatSize(size.own)
  return size.total > 0 ? `${own} (virtual ${formatSize(size.total)})` : own
}

const formatLabels = (labels: Readonly<Record<string, string>>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .sort()
    .join(',')

function formatMount(mount: MountPoint, whole: boolean): string {
  const name = mount.type === 'volume' ? mount.name : mount.type === 'bind' ? mount.source : ''
  return whole ? name : cutText(name, MAX_MOUNT)
}
