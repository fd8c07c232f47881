import { codecOf } from './codec.ts'

/** What the messages of `MESSAGES` are in TypeScript, and how they are read and written. */
export interface Timestamp {
  seconds: number
  nanos: number
}

export interface TypedAttrs {
  type: string
  attrs: Record<string, string>
}

export interface Definition {
  def: Uint8Array[]
  /** By the digests of the operations. */
  metadata: Record<string, object>
}

export interface SolveRequest {
  ref: string
  definition: Definition | null
  exporterType: string
  exporterAttrs: Record<string, string>
  session: string
  frontend: string
  frontendAttrs: Record<string, string>
  cache: CacheOptions | null
  entitlements: string[]
  frontendInputs: Record<string, Definition>
  sourcePolicy: Uint8Array
  exporters: TypedAttrs[]
}

export interface CacheOptions {
  exportRef: string
  importRefs: string[]
  exportAttrs: Record<string, string>
  exports: TypedAttrs[]
  imports: TypedAttrs[]
}

export interface VertexMessage {
  digest: string
  inputs: readonly string[]
  name: string
  cached: boolean
  started: Timestamp
  completed: Timestamp
  error: string
}

export interface StatusMessage {
  id: string
  vertex: string
  current: number
  total: number
  timestamp: Timestamp
  started: Timestamp
  completed: Timestamp
}

export interface LogMessage {
  vertex: string
  timestamp: Timestamp
  stream: number
  msg: Uint8Array
}

export interface WarningMessage {
  vertex: string
  level: number
  short: Uint8Array
  detail: Uint8Array[]
  url: string
  info: { filename: string; data: Uint8Array }
  ranges: { start: { line: number }; end: { line: number } }[]
}

export interface StatusResponse {
  vertexes: Partial<VertexMessage>[]
  statuses: Partial<StatusMessage>[]
  logs: Partial<LogMessage>[]
  warnings: Partial<WarningMessage>[]
}

export interface PlatformMessage {
  architecture: string
  os: string
  variant: string
}

export interface WorkerRecord {
  id: string
  labels: Record<string, string>
  platforms: PlatformMessage[]
  buildkitVersion: BuildkitVersion
}

export interface BuildkitVersion {
  package: string
  version: string
  revision: string
}

export interface UsageRecord {
  id: string
  mutable: boolean
  inUse: boolean
  size: number
  createdAt: Timestamp
  lastUsedAt: Timestamp
  usageCount: number
  description: string
  recordType: string
  shared: boolean
  parents: readonly string[]
}

export interface PruneRequest {
  filter: string[]
  all: boolean
  keepDuration: number
  reservedSpace: number
  maxUsedSpace: number
  minFreeSpace: number
}

export interface BridgeSolveRequest {
  definition: Definition | null
  frontend: string
  frontendOpt: Record<string, string>
  importRefs: string[]
  cacheImports: TypedAttrs[]
  frontendInputs: Record<string, Definition>
}

export interface Ref {
  id: string
  def: Definition
}

export interface Result {
  ref: Ref
  refs: { refs: Record<string, Ref> }
  metadata: Record<string, Uint8Array>
}

export interface StatusDocument {
  code: number
  message: string
  details: { typeUrl: string; value: Uint8Array }[]
}

/** https://github.com/tonistiigi/fsutil: a file as its sender knows it. `mode` is Go's, `modTime` in nanoseconds. */
export interface Stat {
  path: string
  mode: number
  uid: number
  gid: number
  size: number
  modTime: number
  linkname: string
  devmajor: number
  devminor: number
  xattrs: Record<string, Uint8Array>
}

export interface Packet {
  type: number
  stat: Partial<Stat> | null
  id: number
  data: Uint8Array
}

export const empty = codecOf<object>('Empty')
export const bytesMessage = codecOf<{ data: Uint8Array }>('BytesMessage')
export const statusDocument = codecOf<StatusDocument>('Status')
export const solveRequest = codecOf<SolveRequest>('SolveRequest')
export const solveResponse = codecOf<{ exporterResponse: Record<string, string> }>('SolveResponse')
export const statusRequest = codecOf<{ ref: string }>('StatusRequest')
export const statusResponse = codecOf<StatusResponse>('StatusResponse')
export const listWorkersResponse = codecOf<{ record: Partial<WorkerRecord>[] }>(
  'ListWorkersResponse',
)
export const infoResponse = codecOf<{ buildkitVersion: Partial<BuildkitVersion> }>('InfoResponse')
export const diskUsageRequest = codecOf<{ filter: string[]; ageLimit: number }>('DiskUsageRequest')
export const diskUsageResponse = codecOf<{ record: Partial<UsageRecord>[] }>('DiskUsageResponse')
export const pruneRequest = codecOf<PruneRequest>('PruneRequest')
export const usageRecord = codecOf<UsageRecord>('UsageRecord')
export const op = codecOf<{
  inputs: { digest: string; index?: number }[]
  source: { identifier: string; attrs: Record<string, string> } | null
}>('Op')
export const pongResponse = codecOf<{
  frontendCaps: { id: string; enabled: boolean }[]
  llbCaps: { id: string; enabled: boolean }[]
  workers: Partial<WorkerRecord>[]
}>('PongResponse')
export const bridgeSolveRequest = codecOf<BridgeSolveRequest>('BridgeSolveRequest')
export const bridgeSolveResponse = codecOf<{ result: Partial<Result> }>('BridgeSolveResponse')
export const returnRequest = codecOf<{ error: StatusDocument | null }>('ReturnRequest')
export const readFileRequest = codecOf<{
  ref: string
  path: string
  range: { offset: number; length: number } | null
}>('ReadFileRequest')
export const readFileResponse = codecOf<{ data: Uint8Array }>('ReadFileResponse')
export const statFileRequest = codecOf<{ ref: string; path: string }>('StatFileRequest')
export const statFileResponse = codecOf<{ stat: Partial<Stat> }>('StatFileResponse')
export const evaluateRequest = codecOf<{ ref: string }>('EvaluateRequest')
export const packet = codecOf<Packet>('Packet')
export const getSecretRequest = codecOf<{ id: string }>('GetSecretRequest')
export const getSecretResponse = codecOf<{ data: Uint8Array }>('GetSecretResponse')
export const credentialsRequest = codecOf<{ host: string }>('CredentialsRequest')
export const credentialsResponse = codecOf<{ username: string; secret: string }>(
  'CredentialsResponse',
)
export const checkAgentRequest = codecOf<{ id: string }>('CheckAgentRequest')
export const healthCheckResponse = codecOf<{ status: number }>('HealthCheckResponse')
export const readContentRequest = codecOf<{ digest: string; offset: number; size: number }>(
  'ReadContentRequest',
)
export const readContentResponse = codecOf<{ offset: number; data: Uint8Array }>(
  'ReadContentResponse',
)
export const writeContentRequest = codecOf<{
  action: number
  ref: string
  total: number
  expected: string
  offset: number
  data: Uint8Array
}>('WriteContentRequest')
export const writeContentResponse = codecOf<{ action: number; offset: number; digest: string }>(
  'WriteContentResponse',
)

/** A moment as messages have it. */
export const timestamp = (date: Date): Timestamp => {
  const milliseconds = date.getTime()
  const seconds = Math.floor(milliseconds / 1000)
  return { seconds, nanos: (milliseconds - seconds * 1000) * 1_000_000 }
}
