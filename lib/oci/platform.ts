import { LighterError } from '../core/errors.ts'

export interface Platform {
  os: string
  architecture: string
  variant: string
}

const ARCHITECTURES: Readonly<Record<string, [string, string]>> = {
  x86_64: ['amd64', ''],
  'x86-64': ['amd64', ''],
  i386: ['386', ''],
  aarch64: ['arm64', ''],
  armhf: ['arm', 'v7'],
  armel: ['arm', 'v6'],
}
const COMPONENT = /^[A-Za-z0-9_-]+$/
/** As containerd quotes its pattern; a version of the operating system is of no use on Linux. */
const OS_COMPONENT = String.raw`^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.-]*)\\))?$`
const KNOWN_ARCHITECTURES: ReadonlySet<string> = new Set(
  '386 amd64 arm arm64 loong64 mips mips64 mips64le mipsle ppc64 ppc64le riscv64 s390x wasm'.split(
    ' ',
  ),
)
const NODE_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', ia32: '386' }
const ARM_VARIANTS = ['v8', 'v7', 'v6', 'v5']

/** The platform of this machine. */
export const hostPlatform = (): Platform =>
  normalise('linux', NODE_ARCHITECTURES[process.arch] ?? process.arch, '')

/** Parses `os/arch[/variant]`, or one word: an operating system or an architecture. Throws `bad-input`. */
export function parsePlatform(text: string): Platform {
  const parts = splitAtMost(text, '/', 4)
  const [first = '', second, third] = parts
  const index = parts.findIndex((part) => !COMPONENT.test(part))
  const odd = parts[index]
  if (index === 0) {
    throw invalid(
      `"${odd}" is an invalid OS component of "${text}": OSAndVersion specifier component must match "${OS_COMPONENT}"`,
    )
  }
  if (odd !== undefined) {
    throw invalid(
      `"${odd}" is an invalid component of "${text}": platform specifier component must match "${COMPONENT.source}"`,
    )
  }
  if (parts.length > 3) throw invalid(`"${text}": cannot parse platform specifier`)
  if (second !== undefined) return normalise(first, second, third ?? '')
  const host = hostPlatform()
  const word = first.toLowerCase()
  if (['linux', 'windows', 'darwin', 'freebsd'].includes(word)) return { ...host, os: word }
  const platform = normalise('linux', word, '')
  if (KNOWN_ARCHITECTURES.has(platform.architecture)) return platform
  throw invalid(`"${text}": unknown operating system or architecture`)
}

/** The last part keeps what is beyond the limit, as Go's SplitN does. */
function splitAtMost(text: string, separator: string, limit: number): string[] {
  const parts = text.split(separator)
  return parts.length <= limit
    ? parts
    : [...parts.slice(0, limit - 1), parts.slice(limit - 1).join(separator)]
}

const invalid = (message: string): LighterError =>
  new LighterError('bad-input', `${message}: invalid argument`)

/** Spelling variants away, and the variants that are an architecture's default. */
export function normalise(os: string, architecture: string, variant: string): Platform {
  const lower = architecture.toLowerCase()
  const [name, implied] = ARCHITECTURES[lower] ?? [lower, '']
  let level = variant.toLowerCase() || implied
  if (['5', '6', '7', '8'].includes(level)) level = `v${level}`
  if ((name === 'arm64' && level === 'v8') || (name === 'amd64' && level === 'v1')) level = ''
  if (name === 'arm' && level === '') level = 'v7'
  return {
    os: os.toLowerCase() === 'macos' ? 'darwin' : os.toLowerCase(),
    architecture: name,
    variant: level,
  }
}

export const formatPlatform = ({ os, architecture, variant }: Platform): string =>
  [os, architecture, variant].filter(Boolean).join('/')

/** How well a machine of the wanted platform runs the offered one: 0 is best, `undefined` is not at all. */
export function platformDistance(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined
  if (wanted.variant === offered.variant) return 0
  const levels = wanted.architecture === 'arm' ? ARM_VARIANTS : descending(wanted.variant)
  const from = levels.indexOf(wanted.variant)
  const to = levels.indexOf(offered.variant)
  return from < 0 || to < from ? undefined : to - from
}

/** `v3` runs v3, v2 and the base level, which has no name. */
function descending(variant: string): string[] {
  const level = Number(/^v(\d)$/.exec(variant)?.[1] ?? 1)
  return [...Array.from({ length: level - 1 }, (_, index) => `v${level - index}`), '']
}
