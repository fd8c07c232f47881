import { formatPlatform, hostPlatform } from '../../oci/platform.ts'
import { isComposeName, readCompose } from './compose.ts'
import { evaluateDefinition } from './evaluate-definition.ts'
import type { Body } from './hcl/ast.ts'
import { parseJsonDefinition } from './hcl/json.ts'
import { parseHcl } from './hcl/parse.ts'
import { DefinitionError, type Source } from './hcl/source.ts'
import { BLOCKS } from './module.ts'
import { joinSameNames } from './resolve.ts'
import type { Definition } from './target.ts'
import type { Environment } from './variables.ts'

/**
 * What definition files say together: those of compose first, then those in HCL and JSON, the later ones over the earlier ones. Throws
 * `DefinitionError`, `usage`.
 */
export async function readDefinition(
  sources: readonly Source[],
  environment: Environment,
): Promise<Definition> {
  // Names of variables are anybody's: `constructor` is none that is there.
  const known: Environment = Object.assign(Object.create(null), environment)
  const compose: Source[] = []
  const bodies: Body[] = []
  for (const source of sources) {
    const body = isComposeName(source.name) === true ? undefined : parseBody(source)
    if (body) bodies.push(body)
    else compose.push(source)
  }
  const defaults = {
    BAKE_CMD_CONTEXT: 'cwd://',
    BAKE_LOCAL_PLATFORM: formatPlatform(hostPlatform()),
  }
  const fromCompose = compose.length > 0 ? await readCompose(compose, known) : EMPTY
  const own = bodies.length > 0 ? evaluateDefinition(bodies, known, defaults) : EMPTY
  return joinSameNames({
    targets: [...fromCompose.targets, ...own.targets],
    groups: [...fromCompose.groups, ...own.groups],
    variables: own.variables,
    warnings: own.warnings,
  })
}

const EMPTY: Definition = { targets: [], groups: [], variables: [], warnings: [] }

/** `undefined`: it is none of these, and its name does not say that it is. */
function parseBody(source: Source): Body | undefined {
  if (/\.json$/i.test(source.name)) return parseJsonDefinition(source, BLOCKS)
  if (/\.hcl$/i.test(source.name)) return parseHcl(source)
  try {
    return /^\s*\{/.test(source.text) ? parseJsonDefinition(source, BLOCKS) : parseHcl(source)
  } catch (error) {
    if (error instanceof DefinitionError && /^\s*(services|version|name)\s*:/m.test(source.text))
      return undefined
    throw error
  }
}
