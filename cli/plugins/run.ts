import { LighterError } from '../../lib/core/errors.ts'
import { installCommand } from '../../lib/host/distribution.ts'
import { findPaths } from '../../lib/host/paths.ts'
import { findProgram } from '../../lib/host/programs.ts'
import { createContext } from '../context.ts'
import { clientSocket, runClient } from './client.ts'
import { findPlugin, pluginEnvironment, pluginPlaces } from './find.ts'
import { readMetadata } from './metadata.ts'
import { PluginSignal } from './signal.ts'

/** How the program was called. */
export interface PluginCall {
  program: string
  debug: boolean
  /** All words after the program's name, flags before the command included: plugins read them again. */
  argv: readonly string[]
  /** Those from the command on. */
  words: readonly string[]
}

/** Runs the plugin that has the command; returns its exit code, and `undefined` where there is no such plugin. */
export async function callPlugin(call: PluginCall): Promise<number | undefined> {
  const [name = ''] = call.words
  // Not the engine yet: it would make directories.
  const { dockerConfig } = findPaths(process.env, process.getuid?.() ?? 0)
  const file = findPlugin(pluginPlaces(dockerConfig), name)
  if (file?.refused !== undefined) {
    throw new LighterError('host-setup', file.refused, {
      hint: "'chmod go-w', or 'chown', makes it this user's or root's alone.",
    })
  }
  const plugin = file && (await readMetadata(file))
  if (!plugin) return name === 'compose' ? await runCompose(call) : undefined
  const context = await createContext(call.program, call.debug)
  using signal = await PluginSignal.open(clientSocket(context.engine, 'plugin'))
  return await runClient(context, {
    program: plugin.path,
    args: call.argv,
    environment: {
      ...pluginEnvironment(),
      DOCKER_CLI_PLUGIN_SOCKET: signal.path,
    },
    onSignal: () => signal.send(),
  })
}

/** Compose that is installed as a program of its own. */
async function runCompose({ program: own, debug, words }: PluginCall): Promise<number> {
  const program = findProgram('docker-compose')
  if (program) {
    const context = await createContext(own, debug)
    return await runClient(context, { program, args: words.slice(1), environment: {} })
  }
  const install = installCommand({
    apt: 'docker-compose',
    dnf: 'docker-compose',
    pacman: 'docker-compose',
    apk: 'docker-cli-compose',
    zypper: 'docker-compose',
  })
  throw new LighterError('host-setup', `compose: Docker Compose is not installed: ${install}`)
}
