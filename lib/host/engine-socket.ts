import type { HostPaths } from './paths.ts'

/** Where images and compose files look for the socket of Docker's engine. */
const DOCKER_SOCKETS: ReadonlySet<string> = new Set(['/var/run/docker.sock', '/run/docker.sock'])

/** Where clients of the Docker Engine API find the service of this user. */
export const usualSocket = (runtime: string): string => `${runtime}/docker.sock`

/** Whether a source of a bind mount stands for the engine: it is never made as a directory, nor missed before the start. */
export const isEngineSocket = ({ runtime }: Pick<HostPaths, 'runtime'>, source: string): boolean =>
  DOCKER_SOCKETS.has(source) || source === usualSocket(runtime)
