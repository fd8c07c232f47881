import { type ApiVersion, atLeast } from '../http/api-version.ts'
import { badRequest } from '../http/errors.ts'
import type { Fields } from '../http/fields.ts'

/** What the kernel keeps each half of a size in. */
const MAX = 65535

/** `ConsoleSize`: rows and columns, of which clients know since 1.42; zeros where it is absent. Throws 400. */
export function consoleSizeOf(fields: Fields, version: ApiVersion): [number, number] {
  if (!atLeast(version, 42)) return [0, 0]
  const size = fields.ints('ConsoleSize', 'uint')
  if (size.some((value) => value > MAX))
    throw badRequest(`invalid ConsoleSize: [${size.join(' ')}]`)
  const [rows = 0, columns = 0] = size
  return [rows, columns]
}
