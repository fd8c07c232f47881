import { findContainer } from '../../lib/container/catalog.ts'
import type { PortChange } from '../../lib/container/publish.ts'
import { parseRestartPolicy } from '../../lib/container/restart-policy.ts'
import { updateContainer } from '../../lib/container/update.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import { parsePublish } from '../flags/ports.ts'
import { limitFlags } from '../flags/resource-flags.ts'
import { parseLimits } from '../flags/resources.ts'
import type { Parsed } from '../parse.ts'

/** `update`: other limits and another restart policy for containers, running or not. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = Object.keys(limitFlags()).filter((flag) => parsed.given(flag))
  const policy = parseRestartPolicy(parsed.string('restart') ?? '')
  const ports = readPorts(parsed)
  if (given.length === 0 && !ports && !parsed.given('restart')) {
    context.warn('you must provide one or more flags when using this command')
    return 1
  }
  const limits = parseLimits(parsed)
  // Nothing, said on purpose, takes a limit away.
  if (parsed.given('cpus') && limits.nanoCpus === undefined) limits.nanoCpus = 0
  if (parsed.given('pids-limit') && limits.pidsLimit === undefined) limits.pidsLimit = 0
  const warnings: string[] = []
  const { paths } = context.engine
  const code = await forEach(context, parsed.operands, async (text) => {
    const container = findContainer(paths.data, text)
    if (ports)
      await (await import('../../lib/container/publish.ts')).changePorts(
        context.engine,
        container,
        ports,
      )
    if (given.length > 0 || policy) {
      warnings.push(...(await updateContainer(context.engine, container, { limits, policy })))
    }
    return text
  })
  if (warnings.length > 0) context.print(warnings.join('\n'))
  return code
}

/** Beyond Docker, which can change published ports by making the container anew only. */
function readPorts(parsed: Parsed): PortChange | undefined {
  const add = parsed.list('publish-add').flatMap(parsePublish)
  const remove = parsed.list('publish-rm').flatMap(parsePublish)
  return add.length + remove.length > 0 ? { add, remove } : undefined
}
