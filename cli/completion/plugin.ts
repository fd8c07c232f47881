import { spawnSync } from 'node:child_process'
import { usualSocket } from '../../lib/host/engine-socket.ts'
import type { HostPaths } from '../../lib/host/paths.ts'
import { findPlugin, pluginEnvironment, pluginPlaces } from '../plugins/find.ts'
import type { Completion } from './candidate.ts'

/** Milliseconds: whoever presses the tabulator key waits no longer. */
const TIME_LIMIT = 3_000

/** What ends a plugin's answer, `:4`: bits that say what the shell is to do. */
const DIRECTIVE = /^:(\d+)$/
const NO_FILES = 4

/** Has a plugin complete its own words, the first of which is its name; `undefined` where there is none that can. */
export function completePlugin(
  { dockerConfig, runtime }: HostPaths,
  words: readonly string[],
): Completion | undefined {
  const file = findPlugin(pluginPlaces(dockerConfig), words[0] ?? '')
  if (!file || file.refused !== undefined) return undefined
  const { stdout, status } = spawnSync(file.path, ['__complete', ...words], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIME_LIMIT,
    env: {
      ...process.env,
      ...pluginEnvironment(),
      DOCKER_HOST: `unix://${usualSocket(runtime)}`,
    },
  })
  const lines = status === 0 ? stdout.trimEnd().split('\n') : []
  const directive = DIRECTIVE.exec(lines.pop() ?? '')?.[1]
  if (directive === undefined) return undefined
  return {
    candidates: lines.map((line) => {
      const [text = '', description] = line.split('\t')
      return description === undefined ? { text } : { text, description }
    }),
    files: (Number(directive) & NO_FILES) === 0,
  }
}
