import { checkHostOptions } from '../../lib/container/check-options.ts'
import type { HostOptions } from '../../lib/container/options.ts'
import { compact } from '../../lib/core/compact.ts'
import { normalizeExtraHost } from '../../lib/network/host-names.ts'
import type { Parsed } from '../parse.ts'
import { BareRefusal } from '../report.ts'
import { isCdiName, parseDevice, parseGpus } from './device.ts'
import { parseNamespaces } from './namespaces.ts'
import { parseCreateLimits } from './resources.ts'
import { parseUlimit } from './ulimit.ts'

/** What few containers ask for. Throws `usage`. */
export function parseHostOptions(parsed: Parsed): HostOptions {
  refuseWindowsFlags(parsed)
  const devices = parsed.list('device')
  const options = compact({
    resources: filled(parseCreateLimits(parsed)),
    namespaces: filled(parseNamespaces(parsed)),
    devices: some(devices.filter((text) => !isCdiName(text)).map(parseDevice)),
    deviceRules: some(parsed.list('device-cgroup-rule')),
    deviceRequests: some([
      ...parsed.list('gpus').map(parseGpus),
      ...devices.filter(isCdiName).map((text) => ({
        driver: 'cdi',
        count: 0,
        ids: [text],
        capabilities: null,
        options: null,
      })),
    ]),
    ulimits: some(lastOfEach(parsed.list('ulimit').map(parseUlimit))),
    sysctls: filled(pairs(parsed.list('sysctl'))),
    annotations: filled(pairs(parsed.list('annotation'))),
    oomScoreAdj: parsed.int('oom-score-adj') || undefined,
    shmSize: parsed.int('shm-size') || undefined,
    dns: some(parsed.list('dns')),
    dnsOptions: some(parsed.list('dns-option')),
    dnsSearch: some(parsed.list('dns-search').map((name) => name.trim().replace(/(?<=.)\.$/, ''))),
    extraHosts: some(parsed.list('add-host').map(normalizeExtraHost)),
    volumesFrom: some(parsed.list('volumes-from')),
    volumeDriver: parsed.string('volume-driver') || undefined,
    cgroupParent: parsed.string('cgroup-parent') || undefined,
    isolation: parsed.string('isolation') || undefined,
    publishAll: parsed.bool('publish-all') || undefined,
  })
  checkHostOptions(options)
  return options
}

const some = <T>(list: T[]): T[] | undefined => (list.length > 0 ? list : undefined)

const filled = <T extends object>(members: T): T | undefined =>
  Object.keys(members).length > 0 ? members : undefined

const WINDOWS = ['cpu-count', 'cpu-percent', 'io-maxbandwidth', 'io-maxiops']

function refuseWindowsFlags(parsed: Parsed): void {
  const given = WINDOWS.filter((flag) => parsed.given(flag))
  if (given.length === 0) return
  const lines = given.map(
    (flag) =>
      `"--${flag}" is only supported on a Docker daemon running on windows, but the Docker daemon is running on linux`,
  )
  throw new BareRefusal(lines)
}

function lastOfEach<T extends { name: string }>(items: T[]): T[] {
  return [...new Map(items.map((item) => [item.name, item])).values()]
}

const pairs = (texts: string[]): Record<string, string> =>
  Object.fromEntries(
    texts.map((text) => {
      const equals = text.indexOf('=')
      return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
    }),
  )
