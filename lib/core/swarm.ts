import { LighterError } from './errors.ts'

/** What an engine says that is not in a swarm, where only one that is could answer. */
export const notInSwarm = (): LighterError =>
  new LighterError(
    'no-swarm',
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
  )
