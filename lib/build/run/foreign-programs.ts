import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../../core/errors.ts'
import { formatPlatform, hostPlatform, type Platform, parsePlatform } from '../../oci/platform.ts'

const BINFMT = '/proc/sys/fs/binfmt_misc'

/** The head of a program: width in bits, byte order, and the number of the machine. elf(5), <elf.h> */
interface Machine {
  width: 32 | 64
  big: boolean
  number: number
  /** What the handler is called in the packages of QEMU. */
  qemu: string
}

const machine = (width: 32 | 64, big: boolean, number: number, qemu: string): Machine => ({
  width,
  big,
  number,
  qemu,
})

const MACHINES: Readonly<Record<string, Machine>> = {
  '386': machine(32, false, 3, 'i386'),
  amd64: machine(64, false, 62, 'x86_64'),
  arm: machine(32, false, 40, 'arm'),
  arm64: machine(64, false, 183, 'aarch64'),
  loong64: machine(64, false, 258, 'loongarch64'),
  mips: machine(32, true, 8, 'mips'),
  mipsle: machine(32, false, 8, 'mipsel'),
  mips64: machine(64, true, 8, 'mips64'),
  mips64le: machine(64, false, 8, 'mips64el'),
  ppc64: machine(64, true, 21, 'ppc64'),
  ppc64le: machine(64, false, 21, 'ppc64le'),
  riscv64: machine(64, false, 243, 'riscv64'),
  s390x: machine(64, true, 22, 's390x'),
}

/** What processors run beside their own programs. */
const ALSO: Readonly<Record<string, readonly string[]>> = { amd64: ['386'], arm64: ['arm'] }

/** Throws `platform-mismatch` where neither the processor nor a handler of the kernel's runs programs of that platform. */
export function requireHandler(text: string, binfmt = BINFMT): void {
  const platform = parsePlatform(text)
  const host = hostPlatform()
  if (isOwn(platform, host)) return
  const wanted = MACHINES[platform.architecture]
  if (platform.os === 'linux' && wanted && hasHandler(binfmt, wanted)) return
  const name = formatPlatform(platform)
  throw new LighterError(
    'platform-mismatch',
    `This machine (${formatPlatform(host)}) cannot run programs for ${name}`,
    platform.os === 'linux' && wanted
      ? {
          hint: `An administrator has to register qemu-${wanted.qemu} with binfmt_misc, with the flag F (Debian: apt install qemu-user-static).`,
        }
      : {},
  )
}

const isOwn = ({ os, architecture }: Platform, host: Platform): boolean =>
  os === host.os &&
  (architecture === host.architecture || (ALSO[host.architecture]?.includes(architecture) ?? false))

/** Registrations are plain text. https://docs.kernel.org/admin-guide/binfmt-misc.html */
function hasHandler(binfmt: string, wanted: Machine): boolean {
  const header = programHeader(wanted)
  return listEntries(binfmt).some((name) => {
    const entry = readEntry(join(binfmt, name))
    return entry !== undefined && matches(entry, header)
  })
}

function listEntries(binfmt: string): string[] {
  // Mounted when somebody looks, on hosts with systemd.
  const status = readText(join(binfmt, 'status'))
  if (status?.trim() !== 'enabled') return []
  return readdirSync(binfmt).filter((name) => name !== 'register' && name !== 'status')
}

interface Entry {
  offset: number
  magic: Buffer
  mask: Buffer | undefined
}

/** One that is switched on, and whose program the kernel has open: others look for it in the root filesystem of the step. */
function readEntry(path: string): Entry | undefined {
  const text = readText(path)
  if (text === undefined) return undefined
  const lines = text.split('\n')
  const value = (key: string): string | undefined =>
    lines.find((line) => line.startsWith(`${key} `))?.slice(key.length + 1)
  const flags = lines.find((line) => line.startsWith('flags:')) ?? ''
  const magic = value('magic')
  if (lines[0] !== 'enabled' || magic === undefined || !flags.includes('F')) return undefined
  const mask = value('mask')
  return {
    offset: Number(value('offset') ?? 0),
    magic: Buffer.from(magic, 'hex'),
    mask: mask === undefined ? undefined : Buffer.from(mask, 'hex'),
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}

function matches({ offset, magic, mask }: Entry, header: Buffer): boolean {
  if (magic.length === 0 || offset + magic.length > header.length) return false
  return magic.every((byte, at) => {
    const bits = mask?.[at] ?? 0xff
    return ((byte ^ (header[offset + at] ?? 0)) & bits) === 0
  })
}

/** The first bytes of a program: what a registration looks at. */
function programHeader({ width, big, number }: Machine): Buffer {
  const header = Buffer.alloc(64)
  header.write('\x7fELF', 0, 'latin1')
  header[4] = width === 64 ? 2 : 1
  header[5] = big ? 2 : 1
  header[6] = 1
  const write = (value: number, at: number): number =>
    big ? header.writeUInt16BE(value, at) : header.writeUInt16LE(value, at)
  write(2, 16)
  write(number, 18)
  header[big ? 23 : 20] = 1
  return header
}
