import { join } from 'node:path'
import { parseAddress } from '../../api/address.ts'
import type { TcpTrust } from '../../api/tcp.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { usualSocket } from '../../lib/host/engine-socket.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'

/** `system service`: answers clients of the Docker Engine API until nobody asks any more; or has it be there when they ask. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const ways = ['install', 'uninstall', 'background'].filter((flag) => parsed.bool(flag))
  if (ways.length > 1) {
    throw new LighterError('usage', `--${ways[0]} and --${ways[1]} exclude each other`)
  }
  const [way] = ways
  if (way === undefined) return await serve(context, parsed)
  const { background, install, uninstall } = await import('../service-setup.ts')
  if (way === 'background') return await background(context, parsed)
  return way === 'install' ? install(context) : uninstall(context)
}

async function serve(context: Context, parsed: Parsed): Promise<number> {
  const { engine } = context
  const [text = `unix://${usualSocket(engine.paths.runtime)}`] = parsed.operands
  const address = parseAddress(text)
  const seconds = parsed.int('time') ?? 0
  const { serve } = await import('../../api/service.ts')
  const end = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => end.abort())
  }
  const tcp = readTrust(context, parsed)
  if (address.type === 'tcp' && !tcp.tls && tcp.allowInsecure) {
    context.warn(`WARNING: ${text}: every process of this machine has this user's rights by it.`)
  }
  await serve(engine, {
    address,
    tcp,
    idleTime: seconds === 0 ? undefined : seconds,
    log: context.warn,
    onReady: (address) => context.print(`export DOCKER_HOST=${address}`),
    signal: end.signal,
  })
  return 0
}

/** The files are where Docker's programs look for them, unless flags say otherwise. */
function readTrust({ engine }: Context, parsed: Parsed): TcpTrust {
  const file = (flag: string, name: string): string =>
    parsed.string(flag) || join(process.env.DOCKER_CERT_PATH || engine.paths.dockerConfig, name)
  const files = { ca: 'tlscacert', cert: 'tlscert', key: 'tlskey' }
  const wantsTls = parsed.bool('tlsverify')
  const lone = Object.values(files).find((flag) => parsed.given(flag))
  if (!wantsTls && lone !== undefined) {
    throw new LighterError('usage', `--${lone} is of use with --tlsverify only`)
  }
  return {
    tls: wantsTls
      ? {
          ca: file(files.ca, 'ca.pem'),
          cert: file(files.cert, 'cert.pem'),
          key: file(files.key, 'key.pem'),
        }
      : undefined,
    allowInsecure: parsed.bool('allow-insecure-tcp'),
  }
}
