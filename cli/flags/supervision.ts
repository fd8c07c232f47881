import type { CreateRequest } from '../../lib/container/request.ts'
import { parseRestartPolicy } from '../../lib/container/restart-policy.ts'
import type { Healthcheck } from '../../lib/container/supervision.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Parsed } from '../parse.ts'

const conflict = (reason: string): LighterError => new LighterError('usage', reason)

/** `--health-*`: what is not given is the image's. */
export function parseHealth(parsed: Parsed): Pick<CreateRequest, 'health'> {
  const command = parsed.string('health-cmd')
  const numbers = {
    interval: parsed.int('health-interval'),
    timeout: parsed.int('health-timeout'),
    startPeriod: parsed.int('health-start-period'),
    startInterval: parsed.int('health-start-interval'),
    retries: parsed.int('health-retries'),
  }
  const given = Object.entries(numbers).filter(([, value]) => value !== undefined && value !== 0)
  if (given.length === 0 && !command) return {}
  if (parsed.bool('no-healthcheck')) {
    throw conflict('--no-healthcheck conflicts with --health-* options')
  }
  for (const [name, value] of given) {
    if ((value ?? 0) < 0) throw conflict(`--health-${kebab(name)} cannot be negative`)
  }
  const health: Partial<Healthcheck> = Object.fromEntries(given)
  return { health: { ...(command ? { test: ['CMD-SHELL', command] } : {}), ...health } }
}

const kebab = (name: string): string =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** `--restart`; `no` is what a container has without it. */
export function parseRestart(parsed: Parsed): Pick<CreateRequest, 'restart'> {
  const policy = parseRestartPolicy(parsed.string('restart') ?? 'no')
  if (!policy || (policy.name === 'no' && policy.maximumRetryCount === 0)) return {}
  if (parsed.bool('rm')) throw conflict('Conflicting options: --restart and --rm')
  return { restart: policy }
}

/** `--log-driver` and `--log-opt`. */
export function parseLog(parsed: Parsed): Pick<CreateRequest, 'log'> {
  const type = parsed.string('log-driver') ?? ''
  const options = parsed.list('log-opt').map((text): [string, string] => {
    const equals = text.indexOf('=')
    return equals < 0 ? [text, ''] : [text.slice(0, equals), text.slice(equals + 1)]
  })
  if (type === 'none' && options.length > 0) throw conflict('invalid logging opts for driver none')
  if (type === '' && options.length === 0) return {}
  const config = Object.fromEntries(options.sort(([a], [b]) => (a < b ? -1 : 1)))
  return { log: { type: type || 'json-file', config } }
}
