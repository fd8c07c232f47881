import { removeVolume } from '../../lib/housekeeping/volumes.ts'
import type { Context } from '../context.ts'
import { forEach } from '../each.ts'
import type { Parsed } from '../parse.ts'

/** `volume rm`: prints each name. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const force = parsed.bool('force')
  return await forEach(
    context,
    parsed.operands,
    async (name) => {
      await removeVolume(context.engine, name, force)
      return name
    },
    { oneByOne: true },
  )
}
