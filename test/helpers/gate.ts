import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { until } from './until.ts'

/** Where steps of a build stand still until they are let through: with `wget -q -O - URL/NAME`, on the host's network. */
export interface Gate {
  url: string
  /** Names in the order in which they came. */
  came: string[]
  /** Waits for somebody. */
  awaits: (name: string) => Promise<void>
  /** Lets somebody through, who came or will come. */
  open: (name: string) => void
  stop: () => Promise<void>
}

/** Opens a gate on a free port, by default of loopback alone. */
export async function startGate(address = '127.0.0.1'): Promise<Gate> {
  const came: string[] = []
  const held = new Map<string, ServerResponse[]>()
  const opened = new Set<string>()
  const server = createServer(({ url = '' }, response) => {
    const name = url.slice(1)
    came.push(name)
    if (opened.has(name)) response.end()
    else held.set(name, [...(held.get(name) ?? []), response])
  })
  await new Promise<void>((resolve) => server.listen(0, address, resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    came,
    awaits: (name) => until(() => came.includes(name), name),
    open: (name) => {
      opened.add(name)
      for (const response of held.get(name) ?? []) response.end()
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}
