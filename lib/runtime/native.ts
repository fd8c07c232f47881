import type { ChildProcess, StdioOptions } from 'node:child_process'
import type { Readable } from 'node:stream'
import { type ErrorCode, LighterError, systemErrorReason } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import type { NativeFailureKind, NativeReport } from './protocol.ts'

const CODES: Record<NativeFailureKind, ErrorCode> = {
  setup: 'host-setup',
  'not-found': 'command-not-found',
  'not-executable': 'command-not-executable',
  'bad-input': 'bad-input',
  'no-user': 'bad-input',
  already: 'already-running',
  unsupported: 'unsupported',
  'no-space': 'no-space',
  'id-range': 'id-range',
  ended: 'not-running',
  stale: 'changed-meanwhile',
}

/** A report line is short; more than this is not ours. */
const MAX_OUTPUT = 1024 * 1024

export interface NativeCall {
  program: string
  args: string[]
  /** Streamed to standard input; nothing when absent. */
  input?: Readable
  signal?: AbortSignal
  env?: NodeJS.ProcessEnv
}

export type FailedReport = Extract<NativeReport, { event: 'failed' }>

/** The error that a failure report of the native program stands for. */
export const failureError = (report: FailedReport): LighterError =>
  new LighterError(CODES[report.kind] ?? 'native', report.message)

/**
 * Runs a verb that answers with report lines on standard output (`layer`, `probe`, `remove`) and returns them.
 * A `failed` report, or an end without any explanation, is thrown.
 */
export async function runNative(call: NativeCall): Promise<NativeReport[]> {
  const stdio: StdioOptions = [call.input ? 'pipe' : 'ignore', 'pipe', 'pipe']
  const child = lazyChildProcess().spawn(call.program, call.args, {
    stdio,
    ...(call.signal ? { signal: call.signal } : {}),
    ...(call.env ? { env: call.env } : {}),
  })
  const ended = waitForEnd(child, call.program)
  const [stdout, stderr, ending, fed] = await Promise.allSettled([
    collect(child.stdout),
    collect(child.stderr),
    ended,
    feed(call.input, child),
  ])
  if (ending.status === 'rejected') throw ending.reason
  const reports = parseReports(stdout.status === 'fulfilled' ? stdout.value : '')
  for (const report of reports) if (report.event === 'failed') throw failureError(report)
  // The source failed (a broken download, a damaged archive): that is the cause, not what native made of it.
  if (fed.status === 'rejected' && !isBrokenPipe(fed.reason)) throw fed.reason
  if (ending.value !== '') {
    const said = stderr.status === 'fulfilled' ? stderr.value.trim() : ''
    throw new LighterError(
      'native',
      `lighter-native ${call.args[0] ?? ''} ${ending.value}${said && `: ${said}`}`,
    )
  }
  return reports
}

/** Parses report lines. Throws `native` for a line that is none. */
export function parseReports(text: string): NativeReport[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      try {
        const report: unknown = JSON.parse(line)
        if (isReport(report)) return report
      } catch {
        // Reported below together with lines that are JSON and no report.
      }
      throw new LighterError(
        'native',
        `lighter-native said something unexpected: ${line.slice(0, 200)}`,
      )
    })
}

function isReport(value: unknown): value is NativeReport {
  return (
    typeof value === 'object' &&
    value !== null &&
    'event' in value &&
    typeof value.event === 'string'
  )
}

/** Resolves to how it ended badly, `''` for exit code 0. */
function waitForEnd(child: ChildProcess, program: string): Promise<string> {
  return new Promise((resolve, reject) => {
    child.on('error', (error) => {
      reject(
        error.name === 'AbortError'
          ? error
          : new LighterError('native', `Cannot run ${program}: ${systemErrorReason(error)}`, {
              cause: error,
            }),
      )
    })
    child.on('close', (code, signal) => {
      resolve(signal ? `was ended by ${signal}` : code === 0 ? '' : `failed with exit code ${code}`)
    })
  })
}

async function feed(input: Readable | undefined, child: ChildProcess): Promise<void> {
  if (!input || !child.stdin) return
  try {
    const { pipeline } = await import('node:stream/promises')
    await pipeline(input, child.stdin)
  } finally {
    // It would wait for the rest for ever.
    child.stdin.destroy()
  }
}

async function collect(stream: Readable | null): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream ?? []) {
    size += chunk.length
    if (size > MAX_OUTPUT) throw new LighterError('native', 'lighter-native said too much')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

const isBrokenPipe = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'EPIPE' || error.code === 'ERR_STREAM_PREMATURE_CLOSE')
