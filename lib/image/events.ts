import { recordEvent } from '../events/journal.ts'

/**
 * Records what happened to an image: `id` its id, or its name where it was pulled; `name` what its event calls it; `labels` those of
 * its configuration, none when it is gone.
 */
export function recordImageEvent(
  data: string,
  action: 'pull' | 'tag' | 'untag' | 'delete' | 'import' | 'load' | 'save' | 'push',
  image: { id: string; name: string; labels?: Readonly<Record<string, string>> | undefined },
): void {
  const attributes = { ...image.labels, name: image.name }
  recordEvent(data, { type: 'image', action, id: image.id, attributes })
}
