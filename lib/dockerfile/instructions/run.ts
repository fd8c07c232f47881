import type { Run } from '../ast.ts'
import { quoted } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import { parseMountFlag } from '../mounts.ts'
import { commandOf, common, type Understanding } from './arguments.ts'

const NETWORKS: readonly Run['network'][] = ['default', 'none', 'host']
const SECURITY: readonly Run['security'][] = ['sandbox', 'insecure']

export const readRun: Understanding = {
  flags: { mount: 'texts', network: 'text', security: 'text', device: 'texts' },
  read: (statement, flags) => {
    const network = flags.texts('network')[0] ?? 'default'
    const security = flags.texts('security')[0] ?? 'sandbox'
    const [device] = flags.texts('device')
    if (device !== undefined) {
      throw new DockerfileError(
        `RUN --device=${device} is not supported: steps of a build get no devices of the host`,
      )
    }
    return {
      ...common(statement),
      kind: 'RUN',
      command: commandOf(statement),
      mounts: flags.texts('mount').map(parseMountFlag),
      network: oneOf(NETWORKS, network, `invalid network mode ${quoted(network)}`),
      security: oneOf(SECURITY, security, `security ${quoted(security)} is not valid`),
    }
  },
}

function oneOf<T extends string>(known: readonly T[], value: string, complaint: string): T {
  const found = known.find((name) => name === value)
  if (found === undefined) throw new DockerfileError(complaint)
  return found
}
