import { execFileSync } from 'node:child_process'

/** Another machine: a network namespace with a cable to this one. */
export interface OtherHost {
  /** Its own address. */
  address: string
  /** The address of this machine on the cable. */
  here: string
  /** The words that run a command there. */
  enter: string[]
  remove: () => void
}

const ip = (...args: string[]) => execFileSync('ip', args)

/** Makes another machine; `letter` tells several apart that one test has. */
export function makeOtherHost(letter = ''): OtherHost {
  const name = `lt-${process.pid}${letter}`
  const link = `lt${process.pid}${letter}`
  const network = `198.${letter ? 19 : 18}.${process.pid % 250}`
  const [here, address] = [`${network}.1`, `${network}.2`]
  ip('netns', 'add', name)
  ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  ip('addr', 'add', `${here}/24`, 'dev', link)
  ip('link', 'set', link, 'up')
  ip('-n', name, 'addr', 'add', `${address}/24`, 'dev', 'eth0')
  ip('-n', name, 'link', 'set', 'eth0', 'up')
  ip('-n', name, 'link', 'set', 'lo', 'up')
  return {
    address,
    here,
    enter: ['ip', 'netns', 'exec', name],
    remove: () => ip('netns', 'del', name),
  }
}
