import type { DeviceMapping, DeviceRequest } from '../../lib/container/options.ts'
import { isInteger } from '../../lib/core/characters.ts'
import { splitCsv } from '../../lib/core/csv.ts'
import { badValue } from './checked.ts'

const PERMISSIONS = /^(?!.*(.).*\1)[rwm]{1,3}$/

/** Parses `/dev/host[:/dev/inside][:rwm]`. Throws `usage`. */
export function parseDevice(text: string): DeviceMapping {
  const parts = text.split(':')
  const [host = '', second, third] = parts
  if (text === '' || parts.length > 3) throw badValue(`bad format for path: ${text}`)
  checkPath(host)
  if (second === undefined) return { host, inside: host, permissions: 'rwm' }
  if (third === undefined && PERMISSIONS.test(second)) {
    return { host, inside: host, permissions: second }
  }
  if (third !== undefined && !PERMISSIONS.test(third))
    throw badValue(`bad mode specified: ${third}`)
  checkPath(second)
  return { host, inside: second, permissions: third ?? 'rwm' }
}

function checkPath(path: string): void {
  if (!path.startsWith('/')) throw badValue(`${path} is not an absolute path`)
}

/** Whether it names a device of a CDI specification: `vendor.com/class=name`. */
export const isCdiName = (text: string): boolean =>
  /^[A-Za-z]([\w.-]*[A-Za-z0-9])?\/[A-Za-z]([\w-]*[A-Za-z0-9])?=[A-Za-z0-9]([\w.:-]*[A-Za-z0-9])?$/.test(
    text,
  )

/** Parses `--gpus`: `all`, a number, or fields like `"device=0,1",capabilities=utility`. Throws `usage`. */
export function parseGpus(text: string): DeviceRequest {
  const request: DeviceRequest = {
    driver: '',
    count: 0,
    ids: null,
    capabilities: [['gpu']],
    options: {},
  }
  const seen = new Set<string>()
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=')
    const key = equals < 0 ? 'count' : field.slice(0, equals)
    const value = equals < 0 ? field : field.slice(equals + 1)
    if (seen.has(key)) throw badValue(`gpu request key '${key}' can be specified only once`)
    seen.add(key)
    applyGpuField(request, key, value)
  }
  if (!seen.has('count') && request.ids === null) request.count = 1
  return request
}

function applyGpuField(request: DeviceRequest, key: string, value: string): void {
  switch (key) {
    case 'driver':
      request.driver = value
      break
    case 'count':
      request.count = parseCount(value)
      break
    case 'device':
      request.ids = splitCsv(value)
      break
    case 'capabilities':
      request.capabilities = [
        [...splitCsv(value), 'gpu'].filter((it, at, all) => all.indexOf(it) === at),
      ]
      break
    case 'options':
      request.options = Object.fromEntries(
        splitCsv(value).map((pair) => {
          const equals = pair.indexOf('=')
          return equals < 0 ? [pair, ''] : [pair.slice(0, equals), pair.slice(equals + 1)]
        }),
      )
      break
    default:
      throw badValue(`unexpected key '${key}' in '${key}=${value}'`)
  }
}

function parseCount(text: string): number {
  if (text === 'all') return -1
  if (isInteger(text)) return Number(text)
  throw badValue(
    `count must be an integer: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
  )
}
