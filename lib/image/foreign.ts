import { LighterError } from '../core/errors.ts'
import { amd64Variant, processorFlags } from '../host/level.ts'
import type { ImageConfig } from '../oci/image.ts'
import { formatPlatform, hostPlatform, type Platform, platformDistance } from '../oci/platform.ts'

/** Architectures whose programs a machine of another one runs, too. */
const ALSO_RUNS: Readonly<Record<string, string>> = { amd64: '386', arm64: 'arm' }

/** Throws `platform-mismatch` for an image of another operating system. */
export function checkSystem({ platform }: ImageConfig): void {
  if (platform.os === 'linux') return
  throw new LighterError(
    'platform-mismatch',
    `image operating system "${platform.os}" cannot be used on this platform: operating system is not supported`,
  )
}

/** Docker's warning for an image that this machine cannot run by itself; `undefined` when it can. */
export function foreignWarning(
  { platform, raw }: ImageConfig,
  host = detailedHost(),
): string | undefined {
  if (platformDistance(host, platform) !== undefined) return undefined
  if (ALSO_RUNS[host.architecture] === platform.architecture) return undefined
  const has = formatPlatform({
    os: platform.os,
    architecture: word(raw.architecture),
    variant: word(raw.variant),
  })
  return `The requested image's platform (${has}) does not match the detected host platform (${formatPlatform(host)}) and no specific platform was requested`
}

const word = (value: unknown): string => (typeof value === 'string' ? value : '')

/** The platform of this machine with the variant, which is not asked for where it does not matter. */
function detailedHost(): Platform {
  const host = hostPlatform()
  if (host.architecture === 'amd64') return { ...host, variant: amd64Variant(processorFlags()) }
  return host.architecture === 'arm64' ? { ...host, variant: 'v8' } : host
}
