import { LighterError } from '../../lib/core/errors.ts'
import { getVolume } from '../../lib/volume/volume.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `volume update`: of swarms only, in Docker too. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  getVolume(context.engine.paths.data, parsed.operands[0] ?? '')
  throw new LighterError('usage', 'Can only update cluster volumes')
}
