import { LighterError } from '../core/errors.ts'
import { formatPlatform, hostPlatform } from '../oci/platform.ts'
import { requireHandler } from './run/foreign-programs.ts'

/** In the order in which buildx names them. */
const KNOWN =
  'linux/amd64 linux/386 linux/arm64 linux/arm/v7 linux/arm/v6 linux/ppc64le linux/s390x linux/riscv64 linux/loong64 linux/mips64le linux/mips64'.split(
    ' ',
  )

/** Platforms whose programs this machine runs: its own, then those that the processor or an emulator runs beside them. */
export function runnablePlatforms(): string[] {
  const own = formatPlatform(hostPlatform())
  return [own, ...KNOWN.filter((platform) => platform !== own && isRunnable(platform))]
}

function isRunnable(platform: string): boolean {
  try {
    requireHandler(platform)
    return true
  } catch (error) {
    if (error instanceof LighterError) return false
    throw error
  }
}
