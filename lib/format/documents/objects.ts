import { readTypes } from '../go-types.ts'
import type { GoType } from '../values.ts'
import { KNOWN_TYPES } from './container.ts'

const OBJECT_TYPES = `
volume.Volume
  ClusterVolume *volume.ClusterVolume
  CreatedAt string
  Driver string
  Labels map[string]string
  Mountpoint string
  Name string
  Options map[string]string
  Scope string
  Status map[string]interface {}
  UsageData *volume.UsageData
volume.ClusterVolume
volume.UsageData
  RefCount int64
  Size int64
types.NetworkResource
  Name string
  ID:Id string
  Created time.Time
  Scope string
  Driver string
  EnableIPv6 bool
  IPAM network.IPAM
  Internal bool
  Attachable bool
  Ingress bool
  ConfigFrom network.ConfigReference
  ConfigOnly bool
  Containers map[string]types.EndpointResource
  Options map[string]string
  Labels map[string]string
  Peers []network.PeerInfo
  Services map[string]network.ServiceInfo
network.IPAM
  Driver string
  Options map[string]string
  Config []network.IPAMConfig
network.IPAMConfig
  Subnet string
  IPRange string
  Gateway string
  AuxAddress:AuxiliaryAddresses map[string]string
network.ConfigReference
  Network string
types.EndpointResource
  Name string
  EndpointID string
  MacAddress string
  IPv4Address string
  IPv6Address string
network.PeerInfo
  Name string
  IP string
network.ServiceInfo
`

/** What Docker's client makes of the documents of volumes and networks. */
const find = readTypes(OBJECT_TYPES, KNOWN_TYPES)

export const volumeType = (): GoType => find('volume.Volume')
export const networkType = (): GoType => find('types.NetworkResource')
