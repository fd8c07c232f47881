import { notInSwarm } from '../../lib/core/swarm.ts'
import { createVolume } from '../../lib/volume/create.ts'
import type { Context } from '../context.ts'
import { readLabels, readMap } from '../flags/key-values.ts'
import type { Parsed } from '../parse.ts'
import { BareRefusal } from '../report.ts'

/** They make a volume of a swarm; secrets alone do not. */
const CLUSTER_FLAGS =
  'availability group limit-bytes required-bytes scope sharing topology-preferred topology-required type'.split(
    ' ',
  )

/** `volume create`: prints the name; one that is there stays as it is. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const [operand] = parsed.operands
  const flag = parsed.string('name')
  if (operand !== undefined && flag) {
    throw new BareRefusal([
      'conflicting options: either specify --name or provide positional arg, not both',
    ])
  }
  if (CLUSTER_FLAGS.some((flag) => parsed.given(flag))) throw notInSwarm()
  const name = await createVolume(context.engine.paths, {
    name: operand ?? flag ?? '',
    driver: parsed.string('driver') ?? '',
    labels: readLabels([], parsed.list('label')),
    options: readMap(parsed.list('opt')),
  })
  context.print(name)
  return 0
}
