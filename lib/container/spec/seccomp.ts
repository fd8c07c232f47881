import type { SpecSeccomp, SpecSyscall, SpecSyscallArgument } from '../../oci/runtime-spec.ts'
import * as facts from './seccomp-profile.ts'

const ALLOW = 'SCMP_ACT_ALLOW'
const words = (text: string): string[] => text.replaceAll('\n  ', ' ').trim().split(' ')

/** The built-in profile for a set of capabilities. Pure: the same input gives the same text, by which the filter is cached. */
export function defaultSeccomp(
  capabilities: ReadonlySet<string>,
  architecture: string,
): SpecSeccomp {
  const known = facts.BY_ARCHITECTURE[architecture]
  const syscalls: SpecSyscall[] = [
    {
      names: [...words(facts.ALWAYS), ...words(facts.TRACING), ...words(known?.calls ?? '')].filter(
        (name) => name !== '',
      ),
      action: ALLOW,
    },
    ...socketRules(),
    ...facts.PERSONALITIES.map((value) => allowIf('personality', 'SCMP_CMP_EQ', value)),
  ]
  for (const [capability, names] of Object.entries(facts.BY_CAPABILITY)) {
    if (capabilities.has(capability)) syscalls.push({ names: words(names), action: ALLOW })
  }
  if (!capabilities.has('CAP_SYS_ADMIN')) {
    syscalls.push(allowIf('clone', 'SCMP_CMP_MASKED_EQ', facts.NAMESPACE_FLAGS))
    // Its flags are behind a pointer: "no such call" sends the C library to clone().
    syscalls.push({ names: ['clone3'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 })
  }
  syscalls.push({ names: ['socketcall'], action: 'SCMP_ACT_ERRNO', errnoRet: 38 })
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: 1,
    ...(known ? { architectures: known.architectures } : {}),
    syscalls,
  }
}

const allowIf = (name: string, op: string, value: number, valueTwo?: number): SpecSyscall => ({
  names: [name],
  action: ALLOW,
  args: [{ index: 0, value, ...(valueTwo === undefined ? {} : { valueTwo }), op }],
})

/**
 * The families are compared in the 32 bits that the kernel looks at: a filter sees 64, and "not 38" would be true of
 * 38 with another bit set above them.
 */
const socketRules = (): SpecSyscall[] =>
  facts.SOCKET_FAMILIES.map(([first, count]) =>
    allowIf('socket', 'SCMP_CMP_MASKED_EQ', 2 ** 32 - count, first),
  )

interface ProfileRule {
  names?: string[]
  name?: string
  action: string
  errnoRet?: number
  args?: SpecSyscallArgument[] | null
  includes?: Condition
  excludes?: Condition
}

interface Condition {
  caps?: string[] | null
  arches?: string[] | null
  minKernel?: string
}

interface Profile extends Omit<SpecSeccomp, 'syscalls'> {
  archMap?: { architecture: string; subArchitectures?: string[] | null }[] | null
  syscalls?: ProfileRule[] | null
}

export interface ProfileWorld {
  capabilities: ReadonlySet<string>
  /** Node's name of the architecture. */
  architecture: string
  /** `6.18.44` */
  kernel: string
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' }
const NATIVE_TOKENS: Readonly<Record<string, string>> = {
  x64: 'SCMP_ARCH_X86_64',
  arm64: 'SCMP_ARCH_AARCH64',
}

/** Turns a profile in Docker's file format, with its conditions, into the runtime's form. */
export function resolveProfile(text: string, world: ProfileWorld): SpecSeccomp {
  const profile = JSON.parse(text) as Profile
  const token = NATIVE_TOKENS[world.architecture]
  const mapped = profile.archMap?.find(({ architecture }) => architecture === token)
  const architectures = mapped
    ? [mapped.architecture, ...(mapped.subArchitectures ?? [])]
    : profile.architectures
  return {
    defaultAction: profile.defaultAction,
    ...(profile.defaultErrnoRet === undefined ? {} : { defaultErrnoRet: profile.defaultErrnoRet }),
    ...(architectures ? { architectures } : {}),
    ...(profile.flags ? { flags: profile.flags } : {}),
    syscalls: (profile.syscalls ?? [])
      .filter((rule) => applies(rule, world))
      .map((rule) => ({
        names: rule.names ?? (rule.name === undefined ? [] : [rule.name]),
        action: rule.action,
        ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
        ...(rule.args && rule.args.length > 0 ? { args: rule.args } : {}),
      })),
  }
}

function applies({ includes, excludes }: ProfileRule, world: ProfileWorld): boolean {
  const architecture = GO_ARCHITECTURES[world.architecture] ?? world.architecture
  if (includes?.arches?.length && !includes.arches.includes(architecture)) return false
  if (includes?.caps?.some((name) => !world.capabilities.has(name))) return false
  if (includes?.minKernel && !isAtLeast(world.kernel, includes.minKernel)) return false
  if (excludes?.arches?.includes(architecture)) return false
  if (excludes?.caps?.some((name) => world.capabilities.has(name))) return false
  return !(excludes?.minKernel && isAtLeast(world.kernel, excludes.minKernel))
}

function isAtLeast(kernel: string, wanted: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number)
  const [wantedMajor = 0, wantedMinor = 0] = wanted.split('.').map(Number)
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)
}
