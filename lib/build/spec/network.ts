import type { BuildOptions } from '../options.ts'
import { badSpec } from './fields.ts'

/** The network of RUN. Throws `usage`. */
export function parseNetwork(text: string): BuildOptions['network'] {
  if (text === '') return 'default'
  if (text === 'default' || text === 'none' || text === 'host') return text
  throw badSpec(
    `network mode ${JSON.stringify(text)} not supported by buildkit - you can define a custom network for your builder using the network driver-opt in buildx create`,
  )
}

const ENTITLEMENTS: ReadonlySet<string> = new Set(['network.host', 'security.insecure', 'device'])

/** What is wrong with an `--allow` is thrown as `usage`. */
export function checkEntitlement(text: string): void {
  if (ENTITLEMENTS.has(text.split('=')[0] ?? '')) return
  throw badSpec(`unknown entitlement ${text}`)
}

/** What is wrong with an `--annotation` is thrown as `usage`. */
export function checkAnnotation(text: string): void {
  if (text.includes('=')) return
  throw badSpec(`invalid annotation ${JSON.stringify(text)}, expected key=value`)
}
