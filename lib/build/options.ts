import type { BuildClient } from './client.ts'
import type { HostEntry } from './run/request.ts'

/** A `--secret`: read when a step wants it. */
export type SecretSource = { id: string } & ({ file: string } | { env: string })

/** An `--ssh`: an agent's socket, or keys that are served by an agent of ours. */
export interface SshSource {
  id: string
  paths: string[]
}

/** `--output`. `attributes`: all that was given beside the type and the destination, as it was. */
export interface OutputSpec {
  type: 'image' | 'registry' | 'docker' | 'oci' | 'local' | 'tar' | 'cacheonly'
  /** A path; `-`: standard output. */
  destination: string | undefined
  attributes: Readonly<Record<string, string>>
}

/** `--cache-from` and `--cache-to`. */
export interface CacheSpec {
  type: string
  attributes: Readonly<Record<string, string>>
}

/** An attestation that is asked for, or refused with `disabled`. */
export interface AttestSpec {
  type: 'provenance' | 'sbom'
  disabled: boolean
  attributes: Readonly<Record<string, string>>
}

/** One build, as a command line, a bake target or a compose file asks for it. */
export interface BuildOptions {
  /** PATH, URL or `-`. */
  context: string
  /** `-f`; `-`: standard input; `undefined`: `Dockerfile` of the context. */
  file: string | undefined
  /** The Dockerfile itself, in place of a file. */
  inline?: string | undefined
  /** `--build-context`, by name. */
  contexts: Readonly<Record<string, string>>
  target: string | undefined
  buildArgs: Readonly<Record<string, string>>
  labels: Readonly<Record<string, string>>
  annotations: readonly string[]
  tags: readonly string[]
  platforms: readonly string[]
  outputs: readonly OutputSpec[]
  cacheFrom: readonly CacheSpec[]
  cacheTo: readonly CacheSpec[]
  noCache: boolean
  /** Stages that are built anew. */
  noCacheFilter: readonly string[]
  pull: boolean
  /** `--debug`: what a step that fails leaves is kept as an image. */
  keepFailed?: boolean
  secrets: readonly SecretSource[]
  ssh: readonly SshSource[]
  attests: readonly AttestSpec[]
  allow: readonly string[]
  addHosts: readonly HostEntry[]
  network: 'default' | 'none' | 'host'
  /** Bytes; 0: the default. */
  shmSize: number
  ulimits: readonly { name: string; soft: number; hard: number }[]
  cgroupParent: string | undefined
  /** Variables of the caller: `SOURCE_DATE_EPOCH`, proxies, secrets by name. */
  environment: Readonly<Record<string, string | undefined>>
  /** `-` as context or file. */
  stdin: NodeJS.ReadableStream
  /** Somebody else than the caller has the context, the secrets and the agents. */
  client?: BuildClient | undefined
}
