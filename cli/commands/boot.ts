import { dirname } from 'node:path'
import { bootContainers } from '../../lib/container/restart.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `system boot`: starts the containers whose restart policy wants it, or has systemd do so. Prints the names of those that it started. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  if (parsed.bool('enable') || parsed.bool('disable')) return await change(context, parsed)
  const { started, failed } = await bootContainers(context.engine)
  for (const { record } of started) context.print(record.name)
  for (const { container, error } of failed) {
    if (!(error instanceof LighterError)) throw error
    context.warn(`${container.record.name}: ${describeError(error)}`)
  }
  return failed.length > 0 ? 1 : 0
}

async function change({ engine, print }: Context, parsed: Parsed): Promise<number> {
  if (parsed.bool('enable') && parsed.bool('disable')) {
    throw new LighterError('usage', '--enable and --disable exclude each other')
  }
  const { disableBoot, enableBoot, findBootUnit, isLingering, placeOfData } = await import(
    '../../lib/host/boot-unit.ts'
  )
  const uid = process.getuid?.() ?? 0
  const unit = findBootUnit(uid, dirname(dirname(engine.paths.config)))
  if (parsed.bool('disable')) {
    disableBoot(unit)
    print('Containers are not started with the machine.')
    return 0
  }
  enableBoot(uid, unit, { program: process.execPath, environment: placeOfData() })
  const { userName } = await import('../../lib/host/user-name.ts')
  const name = userName(uid)
  if (uid === 0 || isLingering(name)) {
    print('Containers with a restart policy start when the machine does.')
    return 0
  }
  const { enableLinger } = await import('../../lib/host/session-checks.ts')
  print('Containers with a restart policy start when you log in. For the start of the machine:')
  print(`$ ${enableLinger({ name })}`)
  return 0
}
