import { build } from '../lib/core/build-info.ts'
import type { Engine } from '../lib/engine.ts'
import { type Address, addressText } from './address.ts'
import type { Service } from './http/call.ts'
import { InFlight } from './http/in-flight.ts'
import { Router } from './http/router.ts'
import { createApiServer } from './http/server.ts'
import { listen } from './listen.ts'
import { routes } from './routes.ts'

export interface ServiceOptions {
  address: Address
  /** Seconds without a request after which it ends; `undefined`: never. */
  idleTime: number | undefined
  log: (line: string) => void
  /** Called once clients can connect. */
  onReady: (address: string) => void
  /** Ends the service: no new requests, those under way are cut. */
  signal: AbortSignal
}

/** Serves the Engine API until nobody wants it any more. */
export async function serve(engine: Engine, options: ServiceOptions): Promise<void> {
  const done = Promise.withResolvers<void>()
  using inFlight = new InFlight(options.idleTime && options.idleTime * 1000, done.resolve)
  options.signal.addEventListener('abort', () => done.resolve())
  const service: Service = {
    engine,
    address: addressText(options.address),
    log: options.log,
  }
  const server = createApiServer({
    service,
    router: new Router(routes),
    inFlight,
    headers: {
      Server: `lighter/${build.version} (linux)`,
      Ostype: 'linux',
      'Docker-Experimental': 'false',
    },
  })
  try {
    options.onReady(await listen(server, options.address))
    await done.promise
  } finally {
    server.close()
    server.closeAllConnections()
  }
}
