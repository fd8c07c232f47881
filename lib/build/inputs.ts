import type { Platform } from '../oci/platform.ts'
import { redactedRemote } from './context/git-address.ts'
import { parseNamedContext } from './context/named-context.ts'
import type { FileTree } from './files.ts'
import type { BaseImage, Inputs } from './frontend/conversion.ts'
import { makeStep } from './frontend/make-step.ts'
import type { Step } from './graph.ts'
import { LABELS } from './internal-names.ts'
import type { OutsideRequest } from './outside.ts'

/** What a build takes from outside of its Dockerfile: contexts, images, addresses. */
export class OutsideInputs implements Inputs {
  readonly #request: OutsideRequest
  readonly #steps = new Map<string, Step>()

  constructor(request: OutsideRequest) {
    this.#request = request
  }

  image(text: string, platform: Platform, name: (full: string) => string): Promise<BaseImage> {
    return this.#request.images.find(text, platform, name)
  }

  context(): Step {
    const { opened } = this.#request
    const isRead = opened.source.type === 'directory' || opened.source.type === 'client'
    const transfer = isRead ? LABELS.transfer('context') : undefined
    return this.#tree(LABELS.context, ['context'], async () => opened.tree, transfer)
  }

  async named(name: string, platform: Platform): Promise<BaseImage | { files: Step } | undefined> {
    const { contexts } = this.#request.options
    const known = findContext(contexts, name)
    if (known === undefined) return undefined
    const { openNamed } = await import('./named.ts')
    const found = await openNamed(this.#request, known, contexts[known] ?? '', platform)
    if (!('open' in found)) return found
    const isDirectory = parseNamedContext(contexts[known] ?? '').type === 'directory'
    const transfer = isDirectory ? LABELS.transfer(known) : undefined
    return { files: this.#tree(LABELS.named(known), ['named', known], found.open, transfer) }
  }

  url(address: string, name: string, checksum: string | undefined): Step {
    return this.#tree(redactedRemote(address), ['url', address, name, checksum ?? ''], async () => {
      const { openUrl } = await import('./remote-tree.ts')
      return await openUrl(this.#request, { address, name, checksum })
    })
  }

  repository(address: string, keepGitDirectory: boolean): Step {
    return this.#tree(redactedRemote(address), ['git', address, keepGitDirectory], async () => {
      const { openRepository } = await import('./remote-tree.ts')
      return await openRepository(this.#request, address, keepGitDirectory)
    })
  }

  /** One step of each identity. */
  #tree(
    name: string,
    identity: readonly unknown[],
    open: () => Promise<FileTree>,
    transfer?: string,
  ): Step {
    const key = JSON.stringify(identity)
    const known = this.#steps.get(key)
    if (known) return known
    const operation = {
      type: 'tree',
      open,
      ...(transfer === undefined ? {} : { transfer }),
    } as const
    const step = makeStep(
      { name, location: undefined, inputs: [], operation, fresh: false },
      identity,
    )
    this.#steps.set(key, step)
    return step
  }
}

/** The context of a name; an image may be called by any of its names. */
function findContext(contexts: Readonly<Record<string, string>>, name: string): string | undefined {
  if (Object.hasOwn(contexts, name)) return name
  const wanted = plainName(name)
  return Object.keys(contexts).find((other) => plainName(other) === wanted)
}

const plainName = (name: string): string =>
  name
    .toLowerCase()
    .replace(/^docker\.io\/(library\/)?/, '')
    .replace(/:latest$/, '')
