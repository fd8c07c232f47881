import { hostLine, resolvConf } from '../../network/files.ts'
import type { NetworkMode } from '../../network/network.ts'
import type { HostEntry } from './request.ts'
import { STEP_HOSTNAME } from './step-record.ts'

/** /etc/hosts of a step, as BuildKit writes it. */
export const stepHosts = (hosts: readonly HostEntry[]): string =>
  [
    `127.0.0.1\tlocalhost ${STEP_HOSTNAME}\n`,
    '::1\tlocalhost ip6-localhost ip6-loopback\n',
    ...hosts.map(({ name, address }) => hostLine(name, address)),
  ].join('')

/** /etc/resolv.conf of a step: what a container of that network has, without remarks. */
export const stepResolvConf = (mode: NetworkMode): string =>
  resolvConf(mode, {}, false)
    .split('\n')
    .filter((line) => line !== '' && (mode === 'host' || !line.startsWith('#')))
    .map((line) => `${line}\n`)
    .join('')
