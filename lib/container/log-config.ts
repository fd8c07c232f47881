import { LighterError } from '../core/errors.ts'
import { shortId } from '../core/ids.ts'
import type { LoggingPlan } from '../runtime/plan.ts'
import type { ContainerRecord } from './record.ts'
import type { LogConfig } from './supervision.ts'

const ATTRIBUTES = ['env', 'env-regex', 'labels', 'labels-regex', 'tag']
const ROTATION = ['compress', 'max-file', 'max-size']
/** Of every driver: how messages wait. Ours never do: what a container says is read when it says it. */
const DELIVERY = ['mode', 'max-buffer-size']

const OPTIONS: Readonly<Record<string, readonly string[]>> = {
  'json-file': [...ATTRIBUTES, ...ROTATION, ...DELIVERY],
  local: [...ROTATION, ...DELIVERY],
  journald: [...ATTRIBUTES, ...DELIVERY],
  none: [],
}

const LOCAL_SIZE = 20 * 1024 * 1024
const LOCAL_FILES = 5
const MAX_FILES = 1000

/** Whether `logs` can show what a driver takes. */
export const isReadable = (config: LogConfig | undefined): boolean =>
  config === undefined || config.type === 'json-file' || config.type === 'local'

/** Throws `bad-input` with Docker's sentences. */
export function checkLogConfig(config: LogConfig): LogConfig {
  const known = Object.hasOwn(OPTIONS, config.type) ? OPTIONS[config.type] : undefined
  if (known === undefined) {
    throw new LighterError(
      'bad-input',
      `error looking up logging plugin ${config.type}: plugin "${config.type}" not found`,
    )
  }
  const unknown = Object.keys(config.config).find((key) => !known.includes(key))
  if (unknown !== undefined) {
    const where = config.type === 'local' ? 'log driver local' : `${config.type} log driver`
    throw new LighterError('bad-input', `unknown log opt '${unknown}' for ${where}`)
  }
  parseRotation(config)
  checkTag(config.config.tag ?? '')
  return config
}

const failed = (reason: string): LighterError =>
  new LighterError(
    'bad-input',
    `failed to create task for container: failed to initialize logging driver: ${reason}`,
  )

function parseRotation({ type, config }: LogConfig): { maxSize: number; maxFiles: number } {
  const local = type === 'local'
  const size = config['max-size']
  const maxSize = size === undefined ? (local ? LOCAL_SIZE : 0) : parseSize(size, local)
  const maxFiles = parseFiles(config['max-file'], local ? LOCAL_FILES : 1)
  const compress = parseBool(config.compress ?? 'false')
  if (compress && !local && (maxFiles < 2 || maxSize === 0)) {
    throw failed('compress cannot be true when max-file is less than 2 or max-size is not set')
  }
  if (compress) {
    throw new LighterError(
      'unsupported',
      "log opt 'compress=true' is not supported: rotated logs stay as they are",
    )
  }
  return { maxSize, maxFiles }
}

const UNITS = ['b', 'k', 'm', 'g', 't', 'p']

/** Bytes: `10m`, `1.5g`, `100`. */
function parseSize(text: string, local: boolean): number {
  const match = /^(\d+(?:\.\d+)?) ?([bkmgtp])?(?:i?b)?$/i.exec(text)
  const before = local ? `invalid value for max-size: ${text}: ` : ''
  if (!match) throw failed(`${before}invalid size: '${text}'`)
  const [, number = '', unit = 'b'] = match
  const bytes = Math.floor(Number(number) * 1024 ** UNITS.indexOf(unit.toLowerCase()))
  if (bytes > 0) return bytes
  if (local) return 0
  throw failed('max-size must be a positive number')
}

function parseFiles(text: string | undefined, usual: number): number {
  if (text === undefined) return usual
  if (!/^[+-]?\d+$/.test(text)) {
    throw failed(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
  }
  const files = Number(text)
  if (files < 1) throw failed('max-file cannot be less than 1')
  return Math.min(files, MAX_FILES)
}

function parseBool(text: string): boolean {
  if (/^(1|t|T|TRUE|true|True)$/.test(text)) return true
  if (/^(0|f|F|FALSE|false|False)$/.test(text)) return false
  throw failed(`strconv.ParseBool: parsing ${JSON.stringify(text)}: invalid syntax`)
}

/** The fields of a tag that need no template engine: those that Docker's own pages name. */
const TAG_FIELDS: Readonly<Record<string, (record: ContainerRecord) => string>> = {
  ID: ({ id }) => shortId(id),
  FullID: ({ id }) => id,
  Name: ({ name }) => name,
  ImageID: ({ imageId }) => imageId.replace(/^sha256:/, '').slice(0, 12),
  ImageFullID: ({ imageId }) => imageId,
  ImageName: ({ image }) => image,
  DaemonName: () => 'docker',
}

const TAG = /\{\{\s*(.*?)\s*\}\}/g

function checkTag(tag: string): void {
  for (const [, expression = ''] of tag.matchAll(TAG)) {
    const field = /^\.(\w+)$/.exec(expression)?.[1]
    if (field === undefined) {
      throw new LighterError(
        'unsupported',
        `log opt 'tag': only plain fields like {{.Name}} are supported, not {{${expression}}}`,
      )
    }
    if (!Object.hasOwn(TAG_FIELDS, field)) {
      throw failed(
        `template: log-tag:1:2: executing "log-tag" at <.${field}>: can't evaluate field ${field} in type *logger.Info`,
      )
    }
  }
}

const expandTag = (tag: string, record: ContainerRecord): string =>
  tag.replace(TAG, (_, expression: string) => TAG_FIELDS[expression.slice(1)]?.(record) ?? '')

/** What the options take from labels and environment, and the tag. */
export function logAttributes(record: ContainerRecord): Record<string, string> {
  const config = record.host.logConfig?.config ?? {}
  const environment = Object.fromEntries(
    record.config.env.map((entry) => {
      const equals = entry.indexOf('=')
      return [entry.slice(0, equals), entry.slice(equals + 1)]
    }),
  )
  return {
    ...choose(record.config.labels, config.labels, config['labels-regex']),
    ...choose(environment, config.env, config['env-regex']),
    ...(config.tag ? { tag: expandTag(config.tag, record) } : {}),
  }
}

function choose(
  all: Readonly<Record<string, string>>,
  names: string | undefined,
  regex: string | undefined,
): Record<string, string> {
  const wanted = new Set((names ?? '').split(',').filter(Boolean))
  const pattern = regex ? new RegExp(regex) : undefined
  return Object.fromEntries(
    Object.entries(all).filter(([key]) => wanted.has(key) || pattern?.test(key)),
  )
}

/** What the monitor does with what the container says; `undefined`: nothing is kept. */
export function planLogging(record: ContainerRecord): LoggingPlan | undefined {
  const config = record.host.logConfig ?? { type: 'json-file', config: {} }
  if (config.type === 'none') return undefined
  const attributes = logAttributes(record)
  if (config.type === 'journald') {
    return {
      driver: 'journald',
      maxSize: 0,
      maxFiles: 1,
      fields: journalFields(record, attributes),
    }
  }
  return {
    driver: 'file',
    ...parseRotation(config),
    ...(Object.keys(attributes).length > 0 ? { attributes } : {}),
  }
}

function journalFields(
  record: ContainerRecord,
  { tag, ...attributes }: Record<string, string>,
): Record<string, string> {
  const own = tag || shortId(record.id)
  // The journal knows capital letters, digits and underscores.
  const fields = Object.entries(attributes).map(([key, value]) => [
    key
      .toUpperCase()
      .replace(/[^A-Z0-9]/g, '_')
      .replace(/^_+/, ''),
    value,
  ])
  return {
    ...Object.fromEntries(fields.filter(([key]) => key !== '')),
    CONTAINER_ID: shortId(record.id),
    CONTAINER_ID_FULL: record.id,
    CONTAINER_NAME: record.name,
    CONTAINER_TAG: own,
    IMAGE_NAME: record.image,
    SYSLOG_IDENTIFIER: own,
  }
}
