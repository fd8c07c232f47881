import { join } from 'node:path'
import { defaultBuilder, listBuilders } from '../../lib/build/builders.ts'
import { listContainers } from '../../lib/container/catalog.ts'
import { listNames } from '../../lib/fs/drafts.ts'
import { listNetworks } from '../../lib/network/record.ts'
import { familiarReference, parseReference } from '../../lib/oci/reference.ts'
import { listAllReferences } from '../../lib/store/shared.ts'

/** Which containers a command can do something with. */
export type ContainerKind = 'any' | 'running' | 'idle'

/** Names of what there is. */
export interface Names {
  containers(kind: ContainerKind): string[]
  images(): string[]
  volumes(): string[]
  networks(): string[]
  builders(): string[]
}

/** Names from the state of this user, and of images in the stores `shared`. Reads no more than is asked for, and makes nothing. */
export const namesIn = (data: string, shared: readonly string[] = []): Names => ({
  containers: (kind) =>
    kind === 'any'
      ? listNames(join(data, 'names')).sort()
      : listContainers(data)
          .filter(({ state }) => 'process' in state === (kind === 'running'))
          .map(({ record }) => record.name)
          .sort(),
  images: () =>
    listAllReferences({ own: data, shared })
      .filter(({ reference }) => !reference.includes('@'))
      .map(({ reference }) => familiarReference(parseReference(reference))),
  volumes: () => listNames(join(data, 'volumes')).filter((name) => !/^[0-9a-f]{64}$/.test(name)),
  networks: () => listNetworks(data).map(({ name }) => name),
  builders: () => [...listBuilders(data), defaultBuilder].map(({ name }) => name),
})
