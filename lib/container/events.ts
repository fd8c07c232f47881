import { recordEvent } from '../events/journal.ts'
import type { ContainerRecord } from './record.ts'

/** What every event of a container carries: its labels, its image, its name. */
export const eventAttributes = ({
  config,
  image,
  name,
}: Pick<ContainerRecord, 'config' | 'image' | 'name'>): Record<string, string> => ({
  ...config.labels,
  image,
  name,
})

/** Records what happened to a container. */
export function recordContainerEvent(
  data: string,
  record: ContainerRecord,
  action: string,
  more: Readonly<Record<string, string>> = {},
): void {
  const attributes = { ...more, ...eventAttributes(record) }
  recordEvent(data, { type: 'container', action, id: record.id, attributes })
}
