import type { MountDocument } from '../../lib/container/mount-document.ts'
import { parseSize } from '../../lib/core/size.ts'
import { FlagError } from '../parse.ts'

type Document = Record<string, unknown>

/** The fields of one `--mount`; those that may come again are lists. */
export interface MountFields {
  single: Map<string, string>
  labels: Record<string, string>
  options: Record<string, string>
}

/** One `--mount` as Docker's API says it: the order of the members, and only what was given. */
export function describeMount(fields: MountFields, type: string, target: string): MountDocument {
  const { single } = fields
  const source = single.get('source')
  const consistency = single.get('consistency')
  return {
    Type: type,
    ...(source ? { Source: source } : {}),
    Target: target,
    ...(isTrue(single.get('readonly')) ? { ReadOnly: true } : {}),
    ...(consistency ? { Consistency: consistency.toLowerCase() } : {}),
    ...part('BindOptions', type === 'bind' ? bindOptions(single) : {}),
    ...part('VolumeOptions', type === 'volume' ? volumeOptions(fields) : {}),
    ...part('TmpfsOptions', type === 'tmpfs' ? tmpfsOptions(single) : {}),
  }
}

const part = (key: string, members: Document): Document =>
  Object.keys(members).length > 0 ? { [key]: members } : {}

function bindOptions(single: Map<string, string>): Document {
  const propagation = single.get('bind-propagation')
  const recursion = single.get('bind-recursive')
  return {
    ...(propagation ? { Propagation: propagation.toLowerCase() } : {}),
    ...(recursion === 'disabled' || isTrue(single.get('bind-nonrecursive'))
      ? { NonRecursive: true }
      : {}),
    ...(recursion === 'writable' ? { ReadOnlyNonRecursive: true } : {}),
    ...(recursion === 'readonly' ? { ReadOnlyForceRecursive: true } : {}),
  }
}

function volumeOptions({ single, labels, options }: MountFields): Document {
  const driver = single.get('volume-driver')
  const subpath = single.get('volume-subpath')
  const members = {
    ...(isTrue(single.get('volume-nocopy')) ? { NoCopy: true } : {}),
    ...part('Labels', labels),
    ...(subpath ? { Subpath: subpath } : {}),
  }
  const config = { ...(driver ? { Name: driver } : {}), ...part('Options', options) }
  if (Object.keys(members).length + Object.keys(config).length === 0) return {}
  return { ...members, DriverConfig: config }
}

function tmpfsOptions(single: Map<string, string>): Document {
  const size = single.get('tmpfs-size')
  const mode = single.get('tmpfs-mode')
  return {
    ...(size ? { SizeBytes: parseSize(size, (reason) => new FlagError(reason)) } : {}),
    ...(mode ? { Mode: Number.parseInt(mode, 8) } : {}),
  }
}

export const isTrue = (text: string | undefined): boolean =>
  text !== undefined && /^(1|t)/i.test(text)
