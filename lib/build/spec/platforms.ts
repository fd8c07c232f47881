import { formatPlatform, hostPlatform, parsePlatform } from '../../oci/platform.ts'

/** `--platform`s, each one or several with commas between, without repetitions; `local` is the host's. Throws `bad-input`. */
export function parsePlatforms(texts: readonly string[]): string[] {
  const platforms = texts
    .flatMap((text) => text.split(','))
    .map((text) => (text === 'local' ? hostPlatform() : parsePlatform(text)))
  return [...new Set(platforms.map(formatPlatform))]
}
