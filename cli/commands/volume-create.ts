import { randomHex } from '../../lib/core/random.ts'
import { ensureVolume, readVolume } from '../../lib/volume/volume.ts'
import type { Context } from '../context.ts'
import { readLabels, readMap } from '../flags/key-values.ts'
import type { Parsed } from '../parse.ts'
import { BareRefusal } from '../report.ts'
import { notInSwarm } from '../swarm.ts'

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
  const wanted = operand ?? flag ?? ''
  const name = wanted === '' ? randomHex(32) : wanted
  const driver = parsed.string('driver') || 'local'
  const { paths } = context.engine
  const wishes = {
    anonymous: wanted === '',
    labels: readLabels([], parsed.list('label')),
    options: readMap(parsed.list('opt')),
  }
  if (driver !== 'local' || readVolume(paths.data, name)?.driver !== undefined) {
    const { ensurePluginVolume } = await import('../../lib/volume/plugin/volumes.ts')
    await ensurePluginVolume(paths, name, driver, wishes)
  }
  if (driver === 'local') ensureVolume(paths.data, name, wishes)
  context.print(name)
  return 0
}
