import type { HostPaths } from '../../lib/host/paths.ts'
import { changeClientConfig } from '../../lib/registry/client-config.ts'
import type { Context } from '../context.ts'
import { readSetting } from '../docker-config.ts'
import { DEFAULT } from './store.ts'

const SETTING = 'currentContext'

/** The context that Docker's client uses, by its own rule: for commands of ours it is `default` whatever is set. */
export function contextInUse(context: Context): string {
  const { DOCKER_HOST, DOCKER_CONTEXT } = process.env
  if (DOCKER_HOST) return DEFAULT
  return DOCKER_CONTEXT || readSetting(context, SETTING) || DEFAULT
}

/** Has Docker's client use its default again where this context is set. Throws `state-format`. */
export function stopUsing(paths: HostPaths, name: string): void {
  changeClientConfig(paths.dockerConfig, (config) => {
    if (config[SETTING] !== name) return undefined
    const { [SETTING]: _, ...rest } = config
    return rest
  })
}
