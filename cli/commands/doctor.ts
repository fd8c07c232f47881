import { userInfo } from 'node:os'
import { join } from 'node:path'
import { type Check, checkHost, type Trial } from '../../lib/host/checks.ts'
import { runProbe } from '../../lib/runtime/storage.ts'
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
  const userns = await attempt(() => probe('userns'))
  const overlay = userns.ok ? await attempt(() => probe('overlay')) : userns
  return checkHost(
    {
      uid,
      name: userName(uid),
      nativePattern: join(engine.paths.data, 'libexec/*/lighter-native'),
    },
    { userns, overlay },
  )

  function probe(check: string): Promise<Trial> {
    const idMap = engine.idMap()
    return runProbe(
      { data: engine.paths.data, nativeProgram: engine.native().program, idMap },
      check,
    )
  }
}

/** A host that cannot even be asked fails the check; that is what doctor is for. */
async function attempt(trial: () => Promise<Trial>): Promise<Trial> {
  try {
    return await trial()
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : String(error) }
  }
}

function userName(uid: number): string {
  try {
    return userInfo().username
  } catch {
    return String(uid)
  }
}
