import { isErrno, LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { parseJson } from '../fs/read.ts'
import type { Credentials } from './credential.ts'

const MAX_ANSWER = 64 * 1024
const TIMEOUT = 30_000
/** The name of the user of an identity token. */
const TOKEN_USER = '<token>'

/** Asks `docker-credential-NAME` for a server; that it knows nothing is no error. Throws `registry-denied`. */
export async function askHelper(name: string, server: string): Promise<Credentials | undefined> {
  const { code, output, program } = await runHelper(name, 'get', server)
  if (code !== 0) {
    if (isUnknown(output)) return undefined
    throw failed('getting', `${program} failed`)
  }
  const answer = parseJson(output)
  if (typeof answer !== 'object' || answer === null) return undefined
  const { Username: username, Secret: secret } = answer as Record<string, unknown>
  if (typeof username !== 'string' || typeof secret !== 'string') return undefined
  if (username === TOKEN_USER) return { kind: 'identity-token', token: secret }
  return username === '' ? undefined : { kind: 'password', username, password: secret }
}

/** Has `docker-credential-NAME` keep what a login gave. Throws `registry-denied`. */
export async function storeInHelper(
  name: string,
  server: string,
  credentials: Credentials,
): Promise<void> {
  const [username, secret] =
    credentials.kind === 'identity-token'
      ? [TOKEN_USER, credentials.token]
      : [credentials.username, credentials.password]
  const message = JSON.stringify({ ServerURL: server, Username: username, Secret: secret })
  const { code, output } = await runHelper(name, 'store', message)
  if (code !== 0) throw failed('storing', `exit status ${code}, out: \`${saidBy(output)}\``)
}

/** Has `docker-credential-NAME` forget a server; one that it does not know is no error. Throws `registry-denied`. */
export async function eraseInHelper(name: string, server: string): Promise<void> {
  const { code, output } = await runHelper(name, 'erase', server)
  if (code !== 0 && !isUnknown(output))
    throw failed('erasing', `exit status ${code}, out: \`${saidBy(output)}\``)
}

const isUnknown = (output: Buffer): boolean =>
  /credentials not found/i.test(output.toString('utf8'))

/** A helper's words for a terminal; its answers to `store` and `erase` have no secrets. */
const saidBy = (output: Buffer): string =>
  output
    .toString('utf8')
    .replace(/[^\x20-\x7e]/g, ' ')
    .trim()
    .slice(0, 300)

const failed = (doing: string, why: string, cause?: unknown): LighterError =>
  new LighterError('registry-denied', `error ${doing} credentials - err: ${why}`, { cause })

/** The protocol of docker-credential-helpers: the verb is an argument, everything else goes through standard input. */
async function runHelper(
  name: string,
  verb: 'get' | 'store' | 'erase',
  input: string,
): Promise<{ program: string; code: number | null; output: Buffer }> {
  const program = `docker-credential-${name}`
  const child = lazyChildProcess().spawn(program, [verb], { stdio: ['pipe', 'pipe', 'ignore'] })
  // Not the option of spawn: its timer goes on, and holds us up, when the program cannot even be started.
  const timer = setTimeout(() => child.kill('SIGKILL'), TIMEOUT).unref()
  let size = 0
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_ANSWER) child.kill()
    else chunks.push(chunk)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => {
      const why = isErrno(cause, 'ENOENT') ? 'executable file not found in $PATH' : cause.message
      reject(failed(DOING[verb], `exec: "${program}": ${why}, out: \`\``, cause))
    })
    child.on('close', resolve)
  }).finally(() => clearTimeout(timer))
  return { program, code, output: Buffer.concat(chunks) }
}

const DOING = { get: 'getting', store: 'storing', erase: 'erasing' }
