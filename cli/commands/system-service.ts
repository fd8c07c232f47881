import { parseAddress, usualSocket } from '../../api/address.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `system service`: answers clients of the Docker Engine API until nobody asks any more. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const [text = `unix://${usualSocket(engine.paths.runtime)}`] = parsed.operands
  const seconds = parsed.int('time') ?? 0
  const { serve } = await import('../../api/service.ts')
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => end.abort())
  }
  await serve(engine, {
    address: parseAddress(text),
    idleTime: seconds === 0 ? undefined : seconds,
    log: context.warn,
    onReady: (address) => context.print(`export DOCKER_HOST=${address}`),
    signal: end.signal,
  })
  return 0
}
