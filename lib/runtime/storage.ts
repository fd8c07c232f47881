import { closeSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { runNative } from './native.ts'
import type { RootfsDriver } from './plan.ts'
import type { IdMap } from './protocol.ts'

/** The storage driver and why it was chosen. */
export interface StorageChoice {
  driver: RootfsDriver
  /** Absolute path of fuse-overlayfs when that is the driver. */
  program?: string
  reason: string
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
  /** Changes when the kernel or its set-up may have. */
  epoch: string
}

interface Probe {
  ok: boolean
  message: string
}

interface RememberedProbes {
  version: 1
  epoch: string
  overlay: Probe
}

const DRIVERS: ReadonlySet<string> = new Set(['overlay', 'fuse-overlayfs', 'copy'])

/**
 * Chooses how root filesystems are made: what the user asked for, else overlay mounted by the kernel, else
 * fuse-overlayfs. Never a plain copy unasked. Throws `host-setup` when nothing works.
 */
export async function findStorage(question: StorageQuestion): Promise<StorageChoice> {
  const wanted = wantedDriver(question)
  if (wanted) return { ...driverOf(wanted.driver, question), reason: `set by ${wanted.by}` }
  const overlay = await probeOverlay(question)
  if (overlay.ok) return { driver: 'overlay', reason: 'the kernel mounts overlay for this user' }
  const fuse = question.fuseOverlayfs
  if (fuse && canUseFuse()) {
    return {
      driver: 'fuse-overlayfs',
      program: fuse,
      reason: `the kernel refused overlay for this user: ${overlay.message}`,
    }
  }
  throw new LighterError(
    'host-setup',
    `No storage driver works: the kernel refused overlay (${overlay.message}) and ${
      fuse ? '/dev/fuse cannot be opened' : 'fuse-overlayfs is not installed'
    }`,
    {
      hint: "'lighter doctor' shows how to mend it; LIGHTER_STORAGE_DRIVER=copy works everywhere, slowly.",
    },
  )
}

function wantedDriver(question: StorageQuestion): { driver: RootfsDriver; by: string } | undefined {
  if (question.wanted) return { driver: parseDriver(question.wanted), by: 'LIGHTER_STORAGE_DRIVER' }
  const configured = readConfiguredDriver(question.config)
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
  throw new LighterError('host-setup', 'fuse-overlayfs is not installed', {
    hint: "'lighter doctor' shows how to install it.",
  })
}

/** `{ "storageDriver": "fuse-overlayfs" }` */
function readConfiguredDriver(path: string): string | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw new LighterError('host-setup', `${path} is not JSON: ${(error as Error).message}`, {
      cause: error,
    })
  }
  if (typeof config !== 'object' || config === null || !('storageDriver' in config))
    return undefined
  const { storageDriver } = config
  if (typeof storageDriver === 'string') return storageDriver
  throw new LighterError('host-setup', `${path}: "storageDriver" must be a text`)
}

async function probeOverlay(question: StorageQuestion): Promise<Probe> {
  const file = join(question.data, 'probes.json')
  const remembered = readProbes(file)
  if (remembered?.epoch === question.epoch) return remembered.overlay
  const overlay = await runProbe(question, 'overlay')
  const probes: RememberedProbes = { version: 1, epoch: question.epoch, overlay }
  const draft = `${file}.${process.pid}.tmp`
  writeFileSync(draft, `${JSON.stringify(probes)}\n`, { mode: 0o600 })
  renameSync(draft, file)
  return overlay
}

/** Asks the native program to try one thing for real in the data directory. */
export async function runProbe(
  question: Pick<StorageQuestion, 'data' | 'nativeProgram' | 'idMap'>,
  check: string,
): Promise<Probe> {
  const idMap = JSON.stringify(question.idMap)
  const reports = await runNative({
    program: question.nativeProgram,
    args: ['probe', '--id-map', idMap, '--directory', question.data, check],
  })
  for (const report of reports)
    if (report.event === 'probed' && report.check === check) return report
  throw new LighterError('native', `lighter-native probe said nothing about ${check}`)
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
  const probes = value as Partial<RememberedProbes> | null
  return (
    probes?.version === 1 &&
    typeof probes.epoch === 'string' &&
    typeof probes.overlay?.ok === 'boolean'
  )
}

function canUseFuse(): boolean {
  try {
    closeSync(openSync('/dev/fuse', 'r+'))
    return true
  } catch {
    return false
  }
}
