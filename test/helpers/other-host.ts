import { execFileSync } from 'node:child_process'
import { LANES, laneOf } from './test-user.ts'

/** Another machine: a network namespace with a cable to this one. */
export interface OtherHost {
  /** Its own address. */
  address: string
  /** The address of this machine on the cable. */
  here: string
  /** The same for IPv6. */
  address6: string
  here6: string
  /** The words that run a command there. */
  enter: string[]
  remove: () => void
}

/** Networks that a lane may choose from. */
const LANE = Math.floor(250 / LANES)

const ip = (...args: string[]) => execFileSync('ip', args)

/** Makes another machine; `letter` tells several apart that one test has. */
export function makeOtherHost(letter = ''): OtherHost {
  const name = `lt-${process.pid}${letter}`
  const link = `lt${process.pid}${letter}`
  // Another lane may have one at the same time.
  const network = `198.${letter ? 19 : 18}.${LANE * laneOf() + (process.pid % LANE)}`
  const [here, address] = [`${network}.1`, `${network}.2`]
  const network6 = `2001:db8:${letter ? 19 : 18}:${(process.pid % 65536).toString(16)}`
  const [here6, address6] = [`${network6}::1`, `${network6}::2`]
  ip('netns', 'add', name)
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('addr', 'add', `${here}/24`, 'dev', link)
  ip('link', 'set', link, 'up')
  ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
  ip('-n', name, 'link', 'set', 'lo', 'up')
  ip('addr', 'add', `${here6}/64`, 'dev', link, 'nodad')
  ip('-n', name, 'addr', 'add', `${address6}/64`, 'dev', 'eth0', 'nodad')
  return {
    address,
    here,
    address6,
    here6,
    enter: ['ip', 'netns', 'exec', name],
    remove: () => ip('netns', 'del', name),
  }
}
