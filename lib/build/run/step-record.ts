import type { ContainerHostConfig, ContainerRecord } from '../../container/record.ts'
import { nameOf } from '../../container/spec/process.ts'
import type { ContainerId } from '../../core/ids.ts'
import type { RootfsDriver } from '../../runtime/plan.ts'
import type { RunRequest } from './request.ts'

/** What steps of BuildKit are called. */
export const STEP_HOSTNAME = 'buildkitsandbox'

const SHM_SIZE = 64 * 1024 * 1024

/** A step in the terms of a container, so that both get the same specification. It is written nowhere. */
export function stepRecord(
  id: ContainerId,
  request: RunRequest,
  driver: RootfsDriver,
): ContainerRecord {
  return {
    version: 1,
    id,
    name: id,
    createdAt: '',
    image: '',
    imageId: '',
    layers: [],
    driver,
    config: {
      hostname: STEP_HOSTNAME,
      user: request.user,
      attach: { stdin: false, stdout: true, stderr: true },
      tty: false,
      openStdin: false,
      stdinOnce: false,
      env: stepEnvironment(request),
      cmd: [...request.args],
      entrypoint: null,
      workingDir: request.cwd || '/',
      labels: {},
      volumes: [],
      exposedPorts: [],
    },
    host: hostConfig(request),
    mounts: [],
  }
}

function hostConfig(request: RunRequest): ContainerHostConfig {
  return {
    networkMode: request.network === 'default' ? 'bridge' : request.network,
    autoRemove: false,
    binds: [],
    tmpfs: {},
    capAdd: [],
    capDrop: [],
    groupAdd: [],
    privileged: request.security === 'insecure',
    readonlyRootfs: false,
    securityOpt: [],
    init: false,
    runtime: '',
    cidFile: '',
    shmSize: request.shmSize || SHM_SIZE,
    consoleSize: [0, 0],
    ulimits: [...request.ulimits],
    ...(request.cgroupParent === undefined ? {} : { cgroupParent: request.cgroupParent }),
  }
}

/** A container gets HOSTNAME, a step does not. The socket of the agent is where its first mount is. */
function stepEnvironment({ env, mounts }: RunRequest): string[] {
  const has = (name: string): boolean => env.some((entry) => nameOf(entry) === name)
  const agent = mounts.find((mount) => mount.type === 'ssh')
  return [
    ...env,
    ...(has('HOSTNAME') ? [] : ['HOSTNAME']),
    ...(agent && !has('SSH_AUTH_SOCK') ? [`SSH_AUTH_SOCK=${agent.target}`] : []),
  ]
}
