import { dirname, join } from 'node:path'
import type { Engine } from '../../lib/engine.ts'
import { findBootUnit } from '../../lib/host/boot-unit.ts'
import type { Check } from '../../lib/host/check.ts'
import { checkHost, TRIALS, type Trials } from '../../lib/host/checks.ts'
import { findProgram } from '../../lib/host/programs.ts'
import { findUplinkFault } from '../../lib/host/uplink.ts'
import { userName } from '../../lib/host/user-name.ts'
import { forgetProbes, runProbes } from '../../lib/runtime/storage.ts'
import type { Context } from '../context.ts'

/** `doctor`: what the host must have, what it lacks, and the commands that mend it. */
export async function run(context: Context): Promise<number> {
  const checks = await checkEverything(context)
  const width = Math.max(...checks.map((check) => check.title.length))
  for (const { state, title, detail, mend } of checks) {
    context.print(`${state.padEnd(7)}  ${title.padEnd(width)}  ${detail}`)
    for (const command of mend) context.print(`         ${''.padEnd(width)}  $ ${command}`)
  }
  const missing = checks.filter((check) => check.state === 'missing')
  if (missing.length === 0) return 0
  context.print(`\nContainers cannot run: ${missing.map((check) => check.title).join(', ')}`)
  return 1
}

async function checkEverything({ engine }: Context): Promise<Check[]> {
  const uid = process.getuid?.() ?? 0
  forgetProbes(engine.paths.data)
  return checkHost(
    {
      uid,
      name: userName(uid),
      nativePattern: join(engine.paths.data, 'libexec/*/lighter-native'),
      bootUnit: findBootUnit(uid, dirname(dirname(engine.paths.config))),
      uplink: engine.uplink(),
      uplinkFault: await findUplinkFault(engine.uplink()),
    },
    await tryEverything(engine),
  )
}

/** A host that cannot even be asked fails every trial; that is what doctor is for. */
async function tryEverything(engine: Engine): Promise<Trials> {
  try {
    const question = {
      data: engine.paths.data,
      nativeProgram: engine.native().program,
      idMap: engine.idMap(),
      fuseOverlayfs: findProgram('fuse-overlayfs'),
    }
    return (await runProbes(question, [...TRIALS])) as Trials
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return Object.fromEntries(TRIALS.map((name) => [name, { ok: false, message }])) as Trials
  }
}
