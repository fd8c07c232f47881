import {
  type Builder,
  type BuilderNode,
  DEFAULT_BUILDER,
  parseBuilderName,
  parseDriver,
  readBuilder,
  saveBuilder,
  useBuilder,
} from '../../lib/build/builders.ts'
import { badSpec } from '../../lib/build/spec/fields.ts'
import { parsePlatforms } from '../../lib/build/spec/platforms.ts'
import { randomName } from '../../lib/container/names.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `buildx create`: a name that scripts can build with. It is this program that builds, whatever the name. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(() => {
    const { data } = context.engine.paths
    if (parsed.bool('leave')) leave(data, parsed)
    else context.print(create(data, parsed))
    return 0
  }, 'ERROR: ')

function create(data: string, parsed: Parsed): string {
  const given = parsed.string('name') ?? ''
  const append = parsed.bool('append')
  if (append && given === '') throw badSpec('append requires a builder name')
  const name = given === '' ? freeName(data) : parseBuilderName(given)
  if (name === DEFAULT_BUILDER) {
    throw badSpec('default is a reserved name and cannot be used to identify builder instance')
  }
  const old = readBuilder(data, name)
  if (append && !old) throw badSpec(`failed to find instance ${JSON.stringify(name)} for append`)
  const driver = parseDriver(parsed.string('driver') || old?.driver || '')
  checkEndpoint(parsed.operands[0])
  const nodes = placeNode(old, readNode(name, old, parsed), parsed)
  saveBuilder(data, { name, driver, nodes })
  if (parsed.bool('use')) useBuilder(data, name)
  return name
}

function freeName(data: string): string {
  for (let attempt = 0; ; attempt++) {
    const name = randomName(attempt)
    if (!readBuilder(data, name)) return name
  }
}

function checkEndpoint(endpoint: string | undefined): void {
  if (endpoint === undefined || endpoint === DEFAULT_BUILDER) return
  const what = endpoint.includes('://')
    ? `endpoint ${JSON.stringify(endpoint)} cannot be used`
    : `context ${JSON.stringify(endpoint)} not found: only "default" exists`
  throw badSpec(`${what}, there is no daemon to connect to`)
}

function readNode(name: string, old: Builder | undefined, parsed: Parsed): BuilderNode {
  const options: Record<string, string> = {}
  for (const text of parsed.list('driver-opt').flatMap((list) => list.split(','))) {
    const equals = text.indexOf('=')
    if (equals < 0) throw badSpec(`invalid value ${JSON.stringify(text)}, expecting k=v`)
    options[text.slice(0, equals)] = text.slice(equals + 1)
  }
  return {
    name: parsed.string('node') || `${name}${old?.nodes.length ?? 0}`,
    endpoint: DEFAULT_BUILDER,
    platforms: parsePlatforms(parsed.list('platform')),
    flags: parsed.string('buildkitd-flags') ?? '',
    options,
  }
}

/** A node more, or another one in the place of one with the same name. */
function placeNode(old: Builder | undefined, node: BuilderNode, parsed: Parsed): BuilderNode[] {
  if (!old) return [node]
  if (!parsed.bool('append') && !parsed.string('node')) {
    throw badSpec(
      `existing instance for ${JSON.stringify(old.name)} but no append mode, specify the node name to make changes for existing instances`,
    )
  }
  const isKnown = old.nodes.some(({ name }) => name === node.name)
  return isKnown
    ? old.nodes.map((known) => (known.name === node.name ? node : known))
    : [...old.nodes, node]
}

function leave(data: string, parsed: Parsed): void {
  const name = parsed.string('name') ?? ''
  const node = parsed.string('node') ?? ''
  if (name === '') throw badSpec('leave requires instance name')
  if (node === '') throw badSpec('leave requires node name')
  const builder = readBuilder(data, parseBuilderName(name))
  if (!builder) throw badSpec(`failed to find instance ${JSON.stringify(name)} for leave`)
  const nodes = builder.nodes.filter((known) => known.name !== node)
  if (nodes.length === builder.nodes.length) {
    throw badSpec(`node ${JSON.stringify(node)} not found for ${name}`)
  }
  saveBuilder(data, { ...builder, nodes })
}
