import { LighterError } from '../../lib/core/errors.ts'
import { quote } from '../../lib/format/quote.ts'
import type { HostPaths } from '../../lib/host/paths.ts'
import type { Context } from '../context.ts'
import { DOCKER } from '../contexts/endpoint.ts'
import { type EndpointPairs, givenEndpoint, givenPairs } from '../contexts/given.ts'
import { DEFAULT, findContext, readTls } from '../contexts/store.ts'
import { type ContextContent, checkNewName, writeContext } from '../contexts/write.ts'
import type { Parsed } from '../parse.ts'

/** `context create`: of what `--docker` says, or as another one is; without either, as this user's own engine. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { paths } = context.engine
  const [name = ''] = parsed.operands
  const description = parsed.string('description') ?? ''
  const from = parsed.string('from') ?? ''
  const pairs = givenPairs(parsed)
  checkNewName(paths, name)
  if (from !== '' && pairs) {
    throw new LighterError('usage', 'cannot use --docker flag when --from is set')
  }
  const content = pairs
    ? newContext(context, pairs, description)
    : copyContext(paths, from || DEFAULT, description)
  writeContext(paths, name, content)
  context.print(name)
  context.warn(`Successfully created context ${quote(name)}`)
  return 0
}

function newContext(context: Context, pairs: EndpointPairs, description: string): ContextContent {
  const { endpoint, tls } = givenEndpoint(context, pairs)
  return {
    metadata: description === '' ? {} : { Description: description },
    endpoints: { [DOCKER]: endpoint },
    tls: new Map([[DOCKER, tls]]),
  }
}

function copyContext(paths: HostPaths, from: string, description: string): ContextContent {
  const { metadata, endpoints, ...found } = findContext(paths, from)
  const told = description || found.description
  return {
    metadata: told === '' ? metadata : { ...metadata, Description: told },
    endpoints,
    tls: from === DEFAULT ? new Map() : readTls(paths, from),
  }
}
