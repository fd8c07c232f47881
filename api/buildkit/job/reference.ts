import { lazyCrypto } from '../../../lib/core/lazy.ts'
import { type Definition, op } from '../wire/types.ts'

/** How a result of ours is named in a client's definitions. */
const SCHEME = 'lighter-result://'

/** A definition that says no more than which result it stands for. */
export function definitionOf(id: string): Definition {
  const source = op.encode({ inputs: [], source: { identifier: `${SCHEME}${id}`, attrs: {} } })
  const end = op.encode({ inputs: [{ digest: digestOf(source), index: 0 }] })
  const def = [source, end]
  return { def, metadata: Object.fromEntries(def.map((bytes) => [digestOf(bytes), {}])) }
}

const digestOf = (bytes: Uint8Array): string =>
  `sha256:${lazyCrypto().createHash('sha256').update(bytes).digest('hex')}`

/** The result that a definition stands for; `undefined`: it is one of a client's own. */
export function resultIn({ def }: Definition): string | undefined {
  for (const bytes of def) {
    const identifier = op.decode(bytes).source?.identifier
    if (identifier?.startsWith(SCHEME)) return identifier.slice(SCHEME.length)
  }
  return undefined
}
