import { readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { replaceFile } from '../fs/replace.ts'
import { readSetting } from '../fs/settings.ts'
import { runNative } from './native.ts'
import type { RootfsDriver } from './plan.ts'
import type { IdMap } from './protocol.ts'

/** The storage driver and why it was chosen. */
export interface StorageChoice {
  driver: RootfsDriver
  /** Absolute path of fuse-overlayfs when that is the driver. */
  program?: string
  reason: string
  /** How owners of files are kept where the data directory's file system refuses to give files away. */
  owners?: string
  /** What users are told once, when it was found out that the data directory or the kernel is not as usual. */
  news?: string[]
}

export interface StorageQuestion {
  data: string
  /** The user's config.json, which may not exist. */
  config: string
  nativeProgram: string
  idMap: IdMap
  /** Absolute path of fuse-overlayfs, when the host has it. */
  fuseOverlayfs: string | undefined
  /** `$LIGHTER_STORAGE_DRIVER` */
  wanted: string | undefined
  /** The type of the data directory's file system. */
  fileSystem: () => Promise<string>
  /** Changes when the kernel or its set-up may have. */
  epoch: string
}

export interface Probe {
  ok: boolean
  message: string
}

type Probes = Record<string, Probe>

interface RememberedProbes {
  version: 1
  epoch: string
  probes: Probes
}

const DRIVERS: ReadonlySet<string> = new Set(['overlay', 'fuse-overlayfs', 'copy'])

/**
 * Chooses how root filesystems are made: what the user asked for, else overlay mounted by the kernel, else
 * fuse-overlayfs. Never a plain copy unasked. Throws `host-setup` when nothing works.
 */
export async function findStorage(question: StorageQuestion): Promise<StorageChoice> {
  const wanted = wantedDriver(question)
  if (wanted) return { ...driverOf(wanted.driver, question), reason: `set by ${wanted.by}` }
  const { probes, isNew } = await probeDrivers(question)
  const { overlay = UNASKED, 'fuse-overlayfs': fuse = UNASKED } = probes
  if (overlay.ok) return { driver: 'overlay', reason: 'the kernel mounts overlay for this user' }
  const program = question.fuseOverlayfs
  if (program && fuse.ok) {
    const reason = `the kernel refused overlay for this user: ${overlay.message}`
    const owners = await describeOwners(question, probes)
    const news = [
      `containers use fuse-overlayfs here, which is slower: ${reason}`,
      ...(owners === undefined ? [] : [`owners of files are ${owners}`]),
    ]
    return {
      driver: 'fuse-overlayfs',
      program,
      reason,
      ...(owners === undefined ? {} : { owners }),
      ...(isNew ? { news } : {}),
    }
  }
  const fuseReason = program ? `fuse-overlayfs does not work (${fuse.message})` : NOT_INSTALLED
  throw new LighterError(
    'host-setup',
    `No storage driver works: the kernel refused overlay (${overlay.message}) and ${fuseReason}`,
    {
      hint: "'lighter doctor' shows how to mend it; LIGHTER_STORAGE_DRIVER=copy works everywhere, slowly.",
    },
  )
}

async function describeOwners(
  { data, fileSystem }: StorageQuestion,
  { owners, 'kept-owners': kept = UNASKED }: Probes,
): Promise<string | undefined> {
  if (owners?.ok !== false) return undefined
  const refusal = `${data} (${await fileSystem()}) refuses to give files away`
  if (kept.ok) return `kept in attributes: ${refusal}`
  return `not kept in containers: ${refusal}, and ${kept.message}; set LIGHTER_DATA_DIR to a local directory`
}

const UNASKED: Probe = { ok: false, message: 'not tried' }
const NOT_INSTALLED = 'fuse-overlayfs is not installed'

function wantedDriver(question: StorageQuestion): { driver: RootfsDriver; by: string } | undefined {
  if (question.wanted) return { driver: parseDriver(question.wanted), by: 'LIGHTER_STORAGE_DRIVER' }
  const configured = readSetting(question.config, 'storageDriver')
  return configured === undefined
    ? undefined
    : { driver: parseDriver(configured), by: question.config }
}

function parseDriver(text: string): RootfsDriver {
  if (DRIVERS.has(text)) return text as RootfsDriver
  throw new LighterError(
    'host-setup',
    `No such storage driver: "${text}" (overlay, fuse-overlayfs, copy)`,
  )
}

function driverOf(
  driver: RootfsDriver,
  question: StorageQuestion,
): Pick<StorageChoice, 'driver' | 'program'> {
  if (driver !== 'fuse-overlayfs') return { driver }
  if (question.fuseOverlayfs) return { driver, program: question.fuseOverlayfs }
  throw new LighterError('host-setup', NOT_INSTALLED, {
    hint: "'lighter doctor' shows how to install it.",
  })
}

async function probeDrivers(
  question: StorageQuestion,
): Promise<{ probes: Probes; isNew: boolean }> {
  const file = probesPath(question.data)
  const remembered = readProbes(file)
  if (remembered?.epoch === question.epoch) return { probes: remembered.probes, isNew: false }
  const probes = await runProbes(question, ['overlay'])
  if (!probes.overlay?.ok && question.fuseOverlayfs) {
    Object.assign(probes, await runProbes(question, ['fuse-overlayfs', 'owners']))
    if (!probes.owners?.ok) Object.assign(probes, await runProbes(question, ['kept-owners']))
  }
  const record: RememberedProbes = { version: 1, epoch: question.epoch, probes }
  replaceFile(file, `${JSON.stringify(record)}\n`)
  // After a reboot nobody needs to hear it again.
  return { probes, isNew: !remembered }
}

/** Makes the next choice ask the host again: what it lacked may have been mended. */
export function forgetProbes(data: string): void {
  rmSync(probesPath(data), { force: true })
}

const probesPath = (data: string): string => join(data, 'probes.json')

/** Asks the native program to try things for real, in the data directory where they need one. */
export async function runProbes(
  question: Pick<StorageQuestion, 'data' | 'nativeProgram' | 'idMap' | 'fuseOverlayfs'>,
  checks: string[],
): Promise<Probes> {
  const idMap = JSON.stringify(question.idMap)
  const fuse = question.fuseOverlayfs ? ['--fuse-overlayfs', question.fuseOverlayfs] : []
  const reports = await runNative({
    program: question.nativeProgram,
    args: ['probe', '--id-map', idMap, '--directory', question.data, ...fuse, ...checks],
  })
  const probes: Probes = {}
  for (const report of reports) {
    if (report.event === 'probed') probes[report.check] = { ok: report.ok, message: report.message }
  }
  const silent = checks.find((check) => !probes[check])
  if (!silent) return probes
  throw new LighterError('native', `lighter-native probe said nothing about ${silent}`)
}

/** What cannot be read is probed again. */
function readProbes(file: string): RememberedProbes | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    return isProbes(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isProbes(value: unknown): value is RememberedProbes {
  const record = value as Partial<RememberedProbes> | null
  return (
    record?.version === 1 &&
    typeof record.epoch === 'string' &&
    typeof record.probes?.overlay?.ok === 'boolean'
  )
}
