import { quote } from '../../lib/format/quote.ts'
import type { Context } from '../context.ts'
import { DOCKER } from '../contexts/endpoint.ts'
import { givenEndpoint, givenPairs } from '../contexts/given.ts'
import { findContext } from '../contexts/store.ts'
import { checkName, writeContext } from '../contexts/write.ts'
import type { Parsed } from '../parse.ts'

/** `context update`: what is not said stays. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  const [name = ''] = parsed.operands
  const pairs = givenPairs(parsed)
  checkName(name)
  const { metadata, endpoints } = findContext(paths, name)
  const description = parsed.string('description') ?? ''
  const given = pairs ? givenEndpoint(context, pairs) : undefined
  writeContext(paths, name, {
    metadata: description === '' ? metadata : { ...metadata, Description: description },
    endpoints: given ? { ...endpoints, [DOCKER]: given.endpoint } : endpoints,
    tls: new Map(given ? [[DOCKER, given.tls]] : []),
  })
  context.print(name)
  context.warn(`Successfully updated context ${quote(name)}`)
  return 0
}
