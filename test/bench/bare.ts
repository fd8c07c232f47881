import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from './worlds.ts'

/** A network namespace with slirp4netns and nothing else: what an engine adds to it is the engine's. */
export class BareUplink {
  readonly #world: World
  readonly #inside: string

  private constructor(world: World, inside: string) {
    this.#world = world
    this.#inside = inside
  }

  /** With the options that lighter gives it; `forwarded` leads to port 5201 inside. */
  static async open(world: World, home: string, forwarded: number): Promise<BareUplink> {
    await world.run(
      `unshare --user --map-root-user --net sleep 100000 >/dev/null 2>&1 & echo $! >bare.pid; sleep 0.5
       slirp4netns --configure --mtu=1500 --disable-host-loopback --enable-seccomp --api-socket=$PWD/bare.sock \\
         $(cat bare.pid) tap0 >/dev/null 2>&1 & echo $! >bare-slirp.pid`,
    )
    await sleep(1000)
    await new Promise<void>((resolve, reject) => {
      const wanted = {
        proto: 'tcp',
        host_addr: '127.0.0.1',
        host_port: forwarded,
        guest_port: 5201,
      }
      const socket = connect(`${home}/bare.sock`)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', () => {})
      socket.end(JSON.stringify({ execute: 'add_hostfwd', arguments: wanted }))
    })
    const inside = 'nsenter --target $(cat bare.pid) --user --net --preserve-credentials'
    await world.run(`${inside} iperf3 -s >/dev/null 2>&1 & echo $! >bare-iperf.pid`)
    return new BareUplink(world, inside)
  }

  run(command: string): Promise<string> {
    return this.#world.run(`${this.#inside} ${command}`)
  }

  close(): Promise<string> {
    return this.#world.run(
      'kill $(cat bare-iperf.pid bare-slirp.pid bare.pid); rm -f bare*.pid; true',
    )
  }
}
