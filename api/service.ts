import type { IncomingMessage } from 'node:http'
import { isSocketInUse } from '../lib/container/engine-socket.ts'
import { build } from '../lib/core/build-info.ts'
import type { Engine } from '../lib/engine.ts'
import { type Address, addressText } from './address.ts'
import { Door } from './door.ts'
import type { Service } from './http/call.ts'
import { CallSignals } from './http/call-signals.ts'
import { InFlight } from './http/in-flight.ts'
import { Router } from './http/router.ts'
import { createApiServer } from './http/server.ts'
import { type Listener, listen } from './listen.ts'
import { routes } from './routes.ts'
import { ContainerEvents } from './streams/container-events.ts'
import { Outputs } from './streams/outputs.ts'
import { Startups } from './streams/startups.ts'
import { Stops } from './streams/stops.ts'
import { Throwaways } from './streams/throwaways.ts'
import { checkTcp, readTls, type TcpTrust } from './tcp.ts'

export interface ServiceOptions {
  address: Address
  /** How others than the user's own processes are known. */
  tcp: TcpTrust
  /** Seconds without a request after which it ends; `undefined`: never. */
  idleTime: number | undefined
  /** It ends with the client that it is for: no container gets its socket. */
  isPrivate?: boolean
  log: (line: string) => void
  /** Called once clients can connect. */
  onReady: (address: string) => void
  /** Ends the service: no new requests, those under way are cut. */
  signal: AbortSignal
}

/** Serves the Engine API until nobody wants it any more. */
export async function serve(engine: Engine, options: ServiceOptions): Promise<void> {
  const { address, tcp, log } = options
  const { paths } = engine
  if (address.type === 'tcp') checkTcp(address, tcp)
  const done = Promise.withResolvers<void>()
  options.signal.addEventListener('abort', () => done.resolve())
  using inFlight = new InFlight(options.idleTime && options.idleTime * 1000, () => {
    if (address.type === 'unix' && isSocketInUse(paths)) inFlight.again()
    else done.resolve()
  })
  using door = new Door(engine, tcp)
  let socket: string | undefined
  const service: Service = {
    engine: {
      ...engine,
      get socket() {
        return socket
      },
    },
    address: addressText(address),
    outputs: new Outputs(),
    startups: new Startups(),
    throwaways: new Throwaways(),
    stops: new Stops(),
    containerEvents: new ContainerEvents(paths.data, log),
    log,
  }
  const signals = new CallSignals()
  const parts = {
    service,
    router: new Router(routes),
    inFlight,
    signals,
    refusal: (request: IncomingMessage) => door.refusal(request),
    headers: HEADERS,
  }
  const tls = tcp.tls && readTls(tcp.tls)
  const listeners = await listen(engine, address, ({ type }) => {
    const server = createApiServer(parts, type === 'tcp' ? tls : undefined)
    door.watch(server, type === 'unix')
    return server
  })
  try {
    for (const { address: own } of listeners) if (own.type === 'tcp') checkTcp(own, tcp)
    for (const listener of listeners) door.know(listener)
    socket = options.isPrivate ? undefined : socketOf(listeners)
    options.onReady(addressText(listeners[0]?.address ?? address))
    await done.promise
  } finally {
    for (const { server } of listeners) server.close()
    signals.abort()
    await inFlight.ended(ENDING)
  }
}

/** Milliseconds that requests get to put away what they have begun: a build its steps. */
const ENDING = 10_000

/** What containers get that want the engine's socket. */
function socketOf(listeners: readonly Listener[]): string | undefined {
  const [path] = listeners.flatMap(({ address }) => (address.type === 'unix' ? address.path : []))
  return path || undefined
}

/** What is told in every answer. */
const HEADERS = {
  Server: `lighter/${build.version} (linux)`,
  Ostype: 'linux',
  'Docker-Experimental': 'false',
}
