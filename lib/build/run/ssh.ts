import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { LighterError, systemErrorText } from '../../core/errors.ts'
import { lazyChildProcess, lazyOs } from '../../core/lazy.ts'
import { readSmallFile } from '../../fs/read.ts'
import { findProgram } from '../../host/programs.ts'
import type { SshSource } from '../options.ts'

/** An agent that steps can use. */
export interface Agent {
  socket: string
  close(): void
}

/** As much as BuildKit reads of a key. */
const MAX_KEY = 100 * 1024

/**
 * The agent that `--ssh` means: that of the environment, that behind a socket, or one of our own with keys. Throws `usage` with Docker's
 * sentences, `host-setup` without OpenSSH.
 */
export async function openAgent(
  { paths }: SshSource,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Agent> {
  const own = environment.SSH_AUTH_SOCK
  if (paths.length === 0 && !own) {
    throw new LighterError(
      'usage',
      'invalid empty ssh agent socket: make sure SSH_AUTH_SOCK is set',
    )
  }
  const given = paths.length > 0 ? paths : [own ?? '']
  const sockets = given.filter(isSocket)
  const [socket] = sockets
  if (socket === undefined) return await serveKeys(given)
  if (sockets.length > 1) throw new LighterError('usage', 'only single socket allowed')
  if (given.length > 1) throw new LighterError('usage', 'invalid combination of keys and sockets')
  return { socket, close: () => undefined }
}

function isSocket(path: string): boolean {
  try {
    return statSync(path).isSocket()
  } catch (error) {
    throw new LighterError('usage', systemErrorText(error as Error))
  }
}

/** Keys with a passphrase cannot be used: nobody is asked for it, as with Docker. */
async function serveKeys(paths: readonly string[]): Promise<Agent> {
  const [agent, add] = [requireProgram('ssh-agent'), requireProgram('ssh-add')]
  const directory = mkdtempSync(join(lazyOs().tmpdir(), 'lighter-ssh-'))
  const socket = join(directory, 'agent')
  // The agent ends with the program that it starts, which ends with the pipe, and so with this process.
  const child = lazyChildProcess().spawn(agent, ['-a', socket, requireProgram('cat')], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  child.on('error', () => undefined)
  child.stdin.on('error', () => undefined)
  for (const part of [child, child.stdin]) (part as { unref?(): void }).unref?.()
  const close = (): void => {
    // By itself it looks every ten seconds only whether its program is still there.
    endAgent(child.pid)
    child.stdin.destroy()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    await untilThere(socket)
    for (const path of paths) await addKey(add, socket, path)
  } catch (error) {
    close()
    throw error
  }
  return { socket, close }
}

/** Ends the agent of a program that was started by it: its variables say which one that is. */
function endAgent(program: number | undefined): void {
  try {
    const variables = readFileSync(`/proc/${program}/environ`, 'latin1').split('\0')
    const agent = variables.find((one) => /^SSH_AGENT_PID=\d+$/.test(one))
    if (agent !== undefined) process.kill(Number(agent.slice(agent.indexOf('=') + 1)))
  } catch {
    // It has not begun, or has ended.
  }
}

function requireProgram(name: string): string {
  const program = findProgram(name)
  if (program) return program
  throw new LighterError('host-setup', `--ssh with keys needs ${name}, which is not installed`, {
    hint: 'The package openssh-client has it; --ssh with the socket of an agent works without it.',
  })
}

const PATIENCE = 5000

async function untilThere(socket: string): Promise<void> {
  for (const begun = Date.now(); ; await sleep(5)) {
    if (statSync(socket, { throwIfNoEntry: false })?.isSocket()) return
    if (Date.now() - begun > PATIENCE) {
      throw new LighterError('host-setup', 'ssh-agent does not serve its socket')
    }
  }
}

/** Over a pipe: whose file it is and who may read it is no business of ssh-add. */
async function addKey(program: string, socket: string, path: string): Promise<void> {
  const key = readSmallFile(path, MAX_KEY)
  if (!key) throw new LighterError('usage', `open ${path}: no such file or directory`)
  const child = lazyChildProcess().spawn(program, ['-q', '-'], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
    env: { SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' },
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(key)
  const code = await new Promise<number | null>((resolve) => {
    child.on('error', () => resolve(null))
    child.on('close', resolve)
  })
  if (code !== 0) {
    throw new LighterError('usage', `failed to parse ${path}: it is no key, or has a passphrase`)
  }
}
