import { readDefinition } from '../../lib/build/bake/definition.ts'
import { parseOverride } from '../../lib/build/bake/overrides.ts'
import { formatPlan } from '../../lib/build/bake/print.ts'
import { type Plan, planTargets } from '../../lib/build/bake/resolve.ts'

/** What `bake` is given. */
export interface Case {
  /** By their names; a text alone is `docker-bake.hcl`. */
  files: string | Record<string, string>
  targets?: string[]
  set?: string[]
  environment?: Record<string, string>
}

export async function plan({
  files,
  targets = ['default'],
  set = [],
  environment = {},
}: Case): Promise<Plan> {
  const named = typeof files === 'string' ? { 'docker-bake.hcl': files } : files
  const sources = Object.entries(named).map(([name, text]) => ({ name, text }))
  const definition = await readDefinition(sources, environment)
  const overrides = set.flatMap((text) => parseOverride(text, environment) ?? [])
  return planTargets(definition, targets, overrides)
}

/** What `--print` shows of the targets, without the two attributes that all have. */
export async function printed(given: Case): Promise<Record<string, Record<string, unknown>>> {
  const { target } = JSON.parse(formatPlan(await plan(given)))
  for (const each of Object.values<Record<string, unknown>>(target)) {
    if (each.context === '.') delete each.context
    if (each.dockerfile === 'Dockerfile') delete each.dockerfile
  }
  return target
}

/** Of the target `default`. */
export const attributes = async (given: Case) => (await printed(given)).default
