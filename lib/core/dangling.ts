import { LighterError } from './errors.ts'

/** What the filter `dangling=…` of images and volumes asks for; other words beside a clear one do not count. Throws `bad-input`. */
export function parseDangling(values: readonly string[]): boolean {
  const wanted = values.some((value) => value === '1' || value === 'true')
  const unwanted = values.some((value) => value === '0' || value === 'false')
  if (wanted !== unwanted) return wanted
  const said = [...new Set(values)].sort().join(' ')
  throw new LighterError('bad-input', `invalid filter 'dangling=[${said}]'`)
}
