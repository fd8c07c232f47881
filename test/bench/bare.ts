import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from './worlds.ts'

export type BareKind = 'slirp4netns' | 'pasta'

/** With the options that lighter gives them; TARGET is the namespace. */
const COMMANDS: Record<BareKind, string> = {
  slirp4netns: `slirp4netns --configure --mtu=65520 --disable-host-loopback --enable-ipv6 --enable-seccomp \\
    --api-socket=$PWD/bare.sock TARGET tap0`,
  pasta: `pasta --foreground --quiet --config-net --ns-ifname tap0 --mtu 65520 --address 10.0.2.100 --netmask 24 \\
    --gateway 10.0.2.2 --no-map-gw --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none TARGET`,
}

/** A network namespace with an uplink and nothing else: what an engine adds to it is the engine's. */
export class BareUplink {
  readonly #world: World
  readonly #kind: BareKind

  private constructor(world: World, kind: BareKind) {
    this.#world = world
    this.#kind = kind
  }

  static async open(world: World, kind: BareKind): Promise<BareUplink> {
    const command = COMMANDS[kind].replace('TARGET', `$(cat ${kind}-space.pid)`)
    await world.run(
      `unshare --user --map-root-user --net sleep 100000 >/dev/null 2>&1 & echo $! >${kind}-space.pid; sleep 0.5
       ${command} >/dev/null 2>&1 & echo $! >${kind}-uplink.pid`,
    )
    await sleep(1000)
    return new BareUplink(world, kind)
  }

  /** slirp4netns's own port forward leads to an iperf3 inside. */
  async forward(home: string, port: number): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const wanted = { proto: 'tcp', host_addr: '127.0.0.1', host_port: port, guest_port: 5201 }
      const socket = connect(`${home}/bare.sock`)
      socket.on('error', reject)
      socket.on('close', () => resolve())
      socket.on('data', () => {})
      socket.end(JSON.stringify({ execute: 'add_hostfwd', arguments: wanted }))
    })
    await this.#world.run(
      `${this.#inside} iperf3 -s >/dev/null 2>&1 & echo $! >${this.#kind}-iperf.pid`,
    )
  }

  get #inside(): string {
    return `nsenter --target $(cat ${this.#kind}-space.pid) --user --net --preserve-credentials`
  }

  run(command: string): Promise<string> {
    return this.#world.run(`${this.#inside} ${command}`)
  }

  close(): Promise<string> {
    return this.#world.run(
      `kill $(cat ${this.#kind}-*.pid) 2>/dev/null; rm -f ${this.#kind}-*.pid; true`,
    )
  }
}
