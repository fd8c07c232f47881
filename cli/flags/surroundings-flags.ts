import { checkDeviceRule } from '../../lib/container/device-rule.ts'
import { checkSysctl } from '../../lib/container/sysctls.ts'
import { checkDns, checkDomain, checkExtraHost } from '../../lib/network/host-names.ts'
import { checked } from './checked.ts'
import { contentTrust } from './content-trust.ts'
import { parseGpus } from './device.ts'
import { checkLink, parseNetworkFlag } from './network.ts'
import type { FlagTable } from './spec.ts'
import { parseUlimit } from './ulimit.ts'

/** What a container sees of its host and of other containers: names, networks, namespaces, devices. */
export const surroundingsFlags = (): FlagTable => ({
  'add-host': {
    type: 'list',
    check: checkExtraHost,
    summary: 'Add a custom host-to-IP mapping (host:ip)',
  },
  annotation: {
    type: 'list',
    placeholder: 'map',
    shownDefault: 'map[]',
    summary: 'Add an annotation to the container (passed through to the OCI runtime)',
  },
  'cgroup-parent': { type: 'string', summary: 'Optional parent cgroup for the container' },
  cgroupns: { type: 'string', summary: 'Cgroup namespace to use ("host", "private")' },
  device: { type: 'list', summary: 'Add a host device to the container' },
  'device-cgroup-rule': {
    type: 'list',
    check: checkDeviceRule,
    summary: 'Add a rule to the cgroup allowed devices list',
  },
  'disable-content-trust': contentTrust(),
  dns: { type: 'list', check: checkDns, summary: 'Set custom DNS servers' },
  'dns-option': { type: 'list', summary: 'Set DNS options' },
  'dns-opt': { type: 'list', aliasOf: 'dns-option', hidden: true, summary: '' },
  'dns-search': { type: 'list', check: checkDomain, summary: 'Set custom DNS search domains' },
  domainname: { type: 'string', summary: 'Container NIS domain name' },
  expose: { type: 'list', summary: 'Expose a port or a range of ports' },
  gpus: {
    type: 'list',
    placeholder: 'gpu-request',
    check: checked(parseGpus),
    summary: "GPU devices to add to the container ('all' to pass all GPUs)",
  },
  ip: { type: 'string', summary: 'IPv4 address (e.g., 172.30.100.104)' },
  ip6: { type: 'string', summary: 'IPv6 address (e.g., 2001:db8::33)' },
  ipc: { type: 'string', summary: 'IPC mode to use' },
  isolation: { type: 'string', summary: 'Container isolation technology' },
  link: { type: 'list', check: checkLink, summary: 'Add link to another container' },
  'link-local-ip': { type: 'list', summary: 'Container IPv4/IPv6 link-local addresses' },
  'mac-address': { type: 'string', summary: 'Container MAC address (e.g., 92:d0:c6:0a:29:33)' },
  network: {
    type: 'list',
    placeholder: 'network',
    check: checked(parseNetworkFlag),
    summary: 'Connect a container to a network',
  },
  net: {
    type: 'list',
    aliasOf: 'network',
    check: checked(parseNetworkFlag),
    hidden: true,
    summary: '',
  },
  'network-alias': { type: 'list', summary: 'Add network-scoped alias for the container' },
  'net-alias': { type: 'list', aliasOf: 'network-alias', hidden: true, summary: '' },
  pid: { type: 'string', summary: 'PID namespace to use' },
  publish: { type: 'list', short: 'p', summary: "Publish a container's port(s) to the host" },
  'publish-all': {
    type: 'bool',
    short: 'P',
    summary: 'Publish all exposed ports to random ports',
  },
  'storage-opt': { type: 'list', summary: 'Storage driver options for the container' },
  sysctl: {
    type: 'list',
    placeholder: 'map',
    shownDefault: 'map[]',
    check: checkSysctl,
    summary: 'Sysctl options',
  },
  ulimit: {
    type: 'list',
    placeholder: 'ulimit',
    shownDefault: '[]',
    check: checked(parseUlimit),
    summary: 'Ulimit options',
  },
  'use-api-socket': {
    type: 'bool',
    summary: 'Bind mount Docker API socket and required auth',
  },
  userns: {
    type: 'string',
    summary: 'User namespace to use ("host", "keep-id[:uid=N,gid=N]", "nomap")',
  },
  uts: { type: 'string', summary: 'UTS namespace to use' },
  'volume-driver': { type: 'string', summary: 'Optional volume driver for the container' },
  'volumes-from': { type: 'list', summary: 'Mount volumes from the specified container(s)' },
})
