import type { ChildProcess } from 'node:child_process'
import { LighterError } from '../../core/errors.ts'
import { lazyChildProcess } from '../../core/lazy.ts'
import { failureError, parseReports } from '../../runtime/native.ts'
import type { NativeReport } from '../../runtime/protocol.ts'
import type { RunRequest } from './request.ts'

export type Ending = Extract<NativeReport, { event: 'exited' }>

/** What the native program begins a failure with that is the step's own: its output says so, as BuildKit's does. */
const OWN_FAILURE = 'unable to start container process'

/**
 * Has the native program run a step that lies ready in `directory`, and waits until nothing is left of it. The step ends with this
 * process: the program reads its standard input, over which the secrets come first, to the end.
 */
export async function launchStep(
  program: string,
  directory: string,
  secrets: readonly Buffer[],
  { onOutput, signal }: Pick<RunRequest, 'onOutput' | 'signal'>,
): Promise<Ending> {
  const child = lazyChildProcess().spawn(
    program,
    ['run', '--container', directory, '--report-fd', '3'],
    { stdio: ['pipe', 'pipe', 'pipe', 'pipe'], env: programEnvironment() },
  )
  const { stdin } = child
  stdin?.on('error', () => undefined)
  for (const secret of secrets) stdin?.write(framed(secret))
  const end = (): void => void stdin?.destroy()
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  child.stdout?.on('data', (bytes: Buffer) => onOutput('stdout', bytes))
  child.stderr?.on('data', (bytes: Buffer) => onOutput('stderr', bytes))
  try {
    const text = await reportsOf(child, program)
    signal.throwIfAborted()
    return readEnding(text, onOutput)
  } finally {
    signal.removeEventListener('abort', end)
    end()
  }
}

const framed = (secret: Buffer): Buffer => {
  const head = Buffer.alloc(4)
  head.writeUInt32BE(secret.length)
  return Buffer.concat([head, secret])
}

/** The monitor finds a systemd manager by these; nothing else of this process is its business. */
const programEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    ['PATH', 'HOME', 'XDG_RUNTIME_DIR', 'DBUS_SESSION_BUS_ADDRESS', 'TMPDIR'].flatMap((name) => {
      const value = process.env[name]
      return value === undefined ? [] : [[name, value]]
    }),
  )

/** Resolves once the program has ended and all that it said was read. */
async function reportsOf(child: ChildProcess, program: string): Promise<string> {
  let text = ''
  child.stdio[3]?.on('data', (chunk: Buffer) => {
    text += chunk.toString('utf8')
  })
  await new Promise<void>((resolve, reject) => {
    child.on('error', (error) =>
      reject(
        new LighterError('native', `Cannot run ${program}: ${error.message}`, { cause: error }),
      ),
    )
    child.on('close', () => resolve())
  })
  return text
}

function readEnding(text: string, onOutput: RunRequest['onOutput']): Ending {
  for (const report of parseReports(text)) {
    if (report.event === 'exited') return report
    if (report.event !== 'failed') continue
    if (!report.message.startsWith(OWN_FAILURE)) throw failureError(report)
    onOutput('stderr', Buffer.from(`runc run failed: ${report.message}\n`))
    return { event: 'exited', exitCode: 1, signal: 0, oomKilled: false }
  }
  throw new LighterError('native', 'lighter-native run ended without a report')
}
