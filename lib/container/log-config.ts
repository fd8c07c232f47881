import { LighterError } from '../core/errors.ts'
import { shortId } from '../core/ids.ts'
import type { LoggingPlan } from '../runtime/plan.ts'
import { logAttributes } from './log-attributes.ts'
import { parseRotation, sizeInBytes } from './log-options.ts'
import type { ContainerRecord } from './record.ts'
import type { LogConfig } from './supervision.ts'

const ATTRIBUTES = ['env', 'env-regex', 'labels', 'labels-regex', 'tag']
const ROTATION = ['compress', 'max-file', 'max-size']
/** Of every driver: whether the container waits for the log. */
const DELIVERY = ['mode', 'max-buffer-size']

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...ATTRIBUTES, ...ROTATION, ...DELIVERY],
  local: [...ROTATION, ...DELIVERY],
  journald: [...ATTRIBUTES, ...DELIVERY],
  none: [],
  passthrough: [],
}

/** Of a ring of messages in Docker; here of what the kernel holds for the journal. */
const DEFAULT_BUFFER = 1024 * 1024

/** The name of a container's log driver. */
export const logDriver = (config: LogConfig | undefined): string => config?.type ?? 'json-file'

/** What Docker checks when a container is made; the rest it finds at the start. Throws `bad-input` with Docker's sentences. */
export function checkLogConfig(config: LogConfig, tty: boolean): LogConfig {
  const { type, config: options } = config
  const known = Object.hasOwn(OPTIONS, type) ? OPTIONS[type] : undefined
  if (known === undefined) {
    throw bad(`error looking up logging plugin ${type}: plugin "${type}" not found`)
  }
  // What is not kept takes any options.
  if (type === 'none') return config
  if (type === 'passthrough' && tty) {
    throw bad("the 'passthrough' log driver cannot be used with --tty")
  }
  checkDelivery(options)
  const unknown = Object.keys(options).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    const where = type === 'local' ? 'log driver local' : `${type} log driver`
    throw bad(`unknown log opt '${unknown}' for ${where}`)
  }
  return config
}

const bad = (message: string): LighterError => new LighterError('bad-input', message)

function checkDelivery(options: Readonly<Record<string, string>>): void {
  const { mode = '', 'max-buffer-size': size } = options
  if (!['', 'blocking', 'non-blocking'].includes(mode)) {
    throw bad(`logger: logging mode not supported: ${mode}`)
  }
  if (size === undefined) return
  if (mode !== 'non-blocking') {
    throw bad("logger: max-buffer-size option is only supported with 'mode=non-blocking'")
  }
  if (sizeInBytes(size, 1024) === undefined) {
    throw bad(`error parsing option max-buffer-size: invalid size: '${size}'`)
  }
}

/** What the monitor does with what the container says; `undefined`: nothing is kept. Throws `start-failed`. */
export async function planLogging(
  record: ContainerRecord,
  logPath: string,
): Promise<LoggingPlan | undefined> {
  const config = record.host.logConfig ?? { type: 'json-file', config: {} }
  if (config.type === 'none') return undefined
  if (config.type === 'passthrough') return { driver: 'passthrough', maxSize: 0, maxFiles: 1 }
  const attributes = logAttributes(record)
  const tag = await findTag(record, logPath)
  if (config.type === 'journald') return planJournal(record, attributes, tag ?? shortId(record.id))
  const all = { ...attributes, ...(tag === undefined ? {} : { tag }) }
  return {
    driver: 'file',
    ...parseRotation(config),
    ...(Object.keys(all).length > 0 ? { attributes: all } : {}),
  }
}

async function findTag(record: ContainerRecord, logPath: string): Promise<string | undefined> {
  const template = record.host.logConfig?.config.tag ?? ''
  // What is no template is found without the engine of templates.
  if (!template.includes('{{')) return template || undefined
  const { expandTag } = await import('./log-tag.ts')
  return expandTag(template, record, logPath) || undefined
}

function planJournal(
  record: ContainerRecord,
  attributes: Readonly<Record<string, string>>,
  tag: string,
): LoggingPlan {
  const { mode, 'max-buffer-size': size } = record.host.logConfig?.config ?? {}
  const buffer = size === undefined ? DEFAULT_BUFFER : (sizeInBytes(size, 1024) ?? DEFAULT_BUFFER)
  return {
    driver: 'journald',
    maxSize: 0,
    maxFiles: 1,
    // A file never keeps the container waiting; the journal may.
    ...(mode === 'non-blocking' ? { buffer } : {}),
    fields: {
      ...Object.fromEntries(
        Object.entries(attributes)
          .map(([key, value]) => [fieldName(key), value])
          .filter(([key]) => key !== ''),
      ),
      CONTAINER_ID: shortId(record.id),
      CONTAINER_ID_FULL: record.id,
      CONTAINER_NAME: record.name,
      CONTAINER_TAG: tag,
      IMAGE_NAME: record.image,
      SYSLOG_IDENTIFIER: tag,
    },
  }
}

/** The journal knows capital letters, digits and underscores; those that begin with one are its own. */
const fieldName = (key: string): string =>
  key
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '_')
    .replace(/^_+/, '')
