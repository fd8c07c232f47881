import type { IncomingHttpHeaders } from 'node:http'
import type { Engine } from '../../lib/engine.ts'
import type { ContainerEvents } from '../streams/container-events.ts'
import type { Outputs } from '../streams/outputs.ts'
import type { Startups } from '../streams/startups.ts'
import type { Stops } from '../streams/stops.ts'
import type { Throwaways } from '../streams/throwaways.ts'
import type { ApiVersion } from './api-version.ts'
import type { Body } from './body.ts'
import type { Query } from './query.ts'
import type { Reply } from './reply.ts'

/** What all requests of a service share beside the engine. */
export interface Service {
  readonly engine: Engine
  /** How clients reach it, `unix:///run/user/1000/lighter/docker.sock`. */
  readonly address: string
  /** Who is being sent what containers write. */
  readonly outputs: Outputs
  /** Who waits for containers to be started. */
  readonly startups: Startups
  /** Containers that may have gone before their client could wait for them. */
  readonly throwaways: Throwaways
  /** Who has containers stopped. */
  readonly stops: Stops
  /** What happens to containers. */
  readonly containerEvents: ContainerEvents
  /** One line for whoever runs the service. */
  log(line: string): void
}

/** One request, understood. */
export interface Call {
  readonly service: Service
  readonly engine: Engine
  readonly version: ApiVersion
  readonly method: string
  /** The variable parts of the path, decoded. */
  readonly params: Readonly<Record<string, string>>
  readonly query: Query
  readonly headers: IncomingHttpHeaders
  readonly body: Body
  readonly reply: Reply
  /** Aborted when the client is gone, or the service ends. */
  readonly signal: AbortSignal
}

/** Answers one request. What it throws is the answer where none has begun. */
export type Handler = (call: Call) => Promise<void>

/** A kind of request. `/images/:name*` takes a name with slashes, `:name` one without. */
export interface Route {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE'
  readonly path: string
  /** Whether it may make the connection a stream in both directions: `Upgrade` is ignored elsewhere. */
  readonly upgrades?: true
  load(): Promise<Handler>
}
