import type { CommandSpec } from '../command-spec.ts'
import { checkLink } from '../flags/network.ts'
import { checkLabel } from '../flags/run.ts'
import type { FlagSpec } from '../flags/spec.ts'
import { ANY, filter, format, listFormat, pruneFilter } from './shared.ts'

const map = (summary: string, short?: string): FlagSpec => ({
  type: 'list',
  placeholder: 'map',
  shownDefault: 'map[]',
  summary,
  ...(short === undefined ? {} : { short }),
})

/** Commands on networks. */
export const networkCommands: readonly CommandSpec[] = [
  {
    names: ['network connect'],
    summary: 'Connect a container to a network',
    usage: '[OPTIONS] NETWORK CONTAINER',
    operands: [2, 2],
    flags: () => ({
      alias: {
        type: 'strings',
        placeholder: 'strings',
        summary: 'Add network-scoped alias for the container',
      },
      'driver-opt': {
        type: 'strings',
        placeholder: 'strings',
        summary: 'driver options for the network',
      },
      'gw-priority': {
        type: 'int',
        default: 0,
        // Docker 28 lists it.
        hidden: true,
        summary:
          'Highest gw-priority provides the default gateway. Accepts positive and negative values',
      },
      ip: { type: 'string', summary: 'IPv4 address (e.g., "172.30.100.104")' },
      ip6: { type: 'string', summary: 'IPv6 address (e.g., "2001:db8::33")' },
      link: { type: 'list', check: checkLink, summary: 'Add link to another container' },
      'link-local-ip': {
        type: 'strings',
        placeholder: 'strings',
        summary: 'Add a link-local address for the container',
      },
    }),
    load: () => import('../commands/network-connect.ts'),
  },
  {
    names: ['network create'],
    summary: 'Create a network',
    usage: '[OPTIONS] NETWORK',
    operands: [1, 1],
    flags: () => ({
      attachable: { type: 'bool', summary: 'Enable manual container attachment' },
      'aux-address': map('Auxiliary IPv4 or IPv6 addresses used by Network driver'),
      'config-from': {
        type: 'string',
        summary: 'The network from which to copy the configuration',
      },
      'config-only': { type: 'bool', summary: 'Create a configuration only network' },
      driver: {
        type: 'string',
        short: 'd',
        default: 'bridge',
        summary: 'Driver to manage the Network',
      },
      gateway: {
        type: 'strings',
        placeholder: 'strings',
        summary: 'IPv4 or IPv6 Gateway for the master subnet',
      },
      ingress: { type: 'bool', summary: 'Create swarm routing-mesh network' },
      internal: { type: 'bool', summary: 'Restrict external access to the network' },
      'ip-range': {
        type: 'strings',
        placeholder: 'strings',
        summary: 'Allocate container ip from a sub-range',
      },
      'ipam-driver': {
        type: 'string',
        default: 'default',
        summary: 'IP Address Management Driver',
      },
      'ipam-opt': map('Set IPAM driver specific options'),
      ipv4: {
        type: 'bool',
        default: true,
        hidden: true,
        summary: 'Enable or disable IPv4 address assignment',
      },
      ipv6: { type: 'bool', summary: 'Enable IPv6 networking' },
      label: { type: 'list', check: checkLabel, summary: 'Set metadata on a network' },
      opt: map('Set driver specific options', 'o'),
      scope: { type: 'string', summary: "Control the network's scope" },
      subnet: {
        type: 'strings',
        placeholder: 'strings',
        summary: 'Subnet in CIDR format that represents a network segment',
      },
    }),
    load: () => import('../commands/network-create.ts'),
  },
  {
    names: ['network disconnect'],
    summary: 'Disconnect a container from a network',
    usage: '[OPTIONS] NETWORK CONTAINER',
    operands: [2, 2],
    flags: () => ({
      force: {
        type: 'bool',
        short: 'f',
        summary: 'Force the container to disconnect from a network',
      },
    }),
    load: () => import('../commands/network-disconnect.ts'),
  },
  {
    names: ['network inspect'],
    summary: 'Display detailed information on one or more networks',
    usage: '[OPTIONS] NETWORK [NETWORK...]',
    operands: [1, ANY],
    flags: () => ({
      format: { ...format, short: 'f' },
      // Of swarms: there is nothing more to say of a network of one host.
      verbose: { type: 'bool', short: 'v', summary: 'Verbose output for diagnostics' },
    }),
    load: () => import('../commands/inspect.ts'),
  },
  {
    names: ['network ls', 'network list'],
    summary: 'List networks',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      filter: { ...filter, summary: 'Provide filter values (e.g. "driver=bridge")' },
      format: listFormat,
      'no-trunc': { type: 'bool', summary: 'Do not truncate the output' },
      quiet: { type: 'bool', short: 'q', summary: 'Only display network IDs' },
    }),
    load: () => import('../commands/network-ls.ts'),
  },
  {
    names: ['network prune'],
    summary: 'Remove all unused networks',
    usage: '[OPTIONS]',
    operands: [0, 0],
    flags: () => ({
      filter: pruneFilter('Provide filter values (e.g. "until=<timestamp>")'),
      force: { type: 'bool', short: 'f', summary: 'Do not prompt for confirmation' },
    }),
    load: () => import('../commands/network-prune.ts'),
  },
  {
    names: ['network rm', 'network remove'],
    summary: 'Remove one or more networks',
    usage: 'NETWORK [NETWORK...]',
    operands: [1, ANY],
    flags: () => ({
      force: {
        type: 'bool',
        short: 'f',
        summary: 'Do not error if the network does not exist',
      },
    }),
    load: () => import('../commands/network-rm.ts'),
  },
]
