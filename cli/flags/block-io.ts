import type { DeviceLimit } from '../../lib/container/resources.ts'
import { parseSize } from '../../lib/core/size.ts'
import { badValue } from './checked.ts'

function splitDevice(text: string): [string, string] {
  const colon = text.indexOf(':')
  const path = text.slice(0, colon)
  const value = text.slice(colon + 1)
  if (colon < 0 || path === '' || value.includes(':')) throw badValue(`bad format: ${text}`)
  if (!path.startsWith('/dev/')) throw badValue(`bad format for device path: ${text}`)
  return [path, value]
}

/** Parses `/dev/sda:500`: 0, or from 10 to 1000. Throws `usage`. */
export function parseWeightDevice(text: string): DeviceLimit {
  const [path, value] = splitDevice(text)
  const weight = /^\d+$/.test(value) ? Number(value) : Number.NaN
  if (!(weight === 0 || (weight >= 10 && weight <= 1000))) {
    throw badValue(`invalid weight for device: ${text}`)
  }
  return { path, value: weight }
}

/** Parses `/dev/sda:1mb`, bytes a second. Throws `usage`. */
export function parseBpsDevice(text: string): DeviceLimit {
  const [path, value] = splitDevice(text)
  const reason = badValue(
    `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
  )
  return { path, value: parseSize(value, () => reason) }
}

/** Parses `/dev/sda:100`, operations a second. Throws `usage`. */
export function parseIopsDevice(text: string): DeviceLimit {
  const [path, value] = splitDevice(text)
  if (!/^\d+$/.test(value)) {
    throw badValue(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    )
  }
  return { path, value: Number(value) }
}
