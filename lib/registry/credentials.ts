import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { isErrno, LighterError } from '../core/errors.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'

export type Credentials =
  | { kind: 'password'; username: string; password: string }
  | { kind: 'identity-token'; token: string }

const MAX_CONFIG = 1024 * 1024
const MAX_ANSWER = 64 * 1024
const HELPER_TIMEOUT = 30_000
const DOCKER_HUB = 'https://index.docker.io/v1/'

type Json = Readonly<Record<string, unknown>>

/** Finds what the user's Docker configuration knows about a registry: a helper first, then the file itself. */
export async function findCredentials(
  dockerConfig: string,
  registry: string,
): Promise<Credentials | undefined> {
  const config = parseJson(readSmallFile(join(dockerConfig, 'config.json'), MAX_CONFIG))
  if (!isObject(config)) return undefined
  const key = registry === 'docker.io' ? DOCKER_HUB : registry
  const helpers = isObject(config.credHelpers) ? config.credHelpers : {}
  const helper = helpers[key] ?? helpers[registry] ?? config.credsStore
  if (typeof helper === 'string' && helper !== '') {
    const found = await askHelper(helper, key)
    if (found) return found
  }
  return isObject(config.auths) ? findInFile(config.auths, key, registry) : undefined
}

function findInFile(auths: Json, key: string, registry: string): Credentials | undefined {
  const names = Object.keys(auths)
  const name =
    names.find((entry) => entry === key) ?? names.find((entry) => host(entry) === registry)
  const entry = name === undefined ? undefined : auths[name]
  if (!isObject(entry)) return undefined
  if (typeof entry.identitytoken === 'string' && entry.identitytoken !== '') {
    return { kind: 'identity-token', token: entry.identitytoken }
  }
  if (typeof entry.auth === 'string') {
    const [, username, password] =
      /^([^:]+):([\s\S]*)$/.exec(Buffer.from(entry.auth, 'base64').toString('utf8')) ?? []
    if (username && password !== undefined) {
      return { kind: 'password', username, password: password.replace(/\0+$/, '') }
    }
  }
  const { username, password } = entry
  return typeof username === 'string' && typeof password === 'string'
    ? { kind: 'password', username, password }
    : undefined
}

const host = (entry: string): string => entry.replace(/^https?:\/\//, '').split('/')[0] ?? ''

/** Runs `docker-credential-NAME get`. That it knows nothing is no error; that it is missing is. */
async function askHelper(name: string, server: string): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`
  const child = spawn(program, ['get'], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  // Not the option of spawn: its timer goes on, and holds us up, when the program cannot even be started.
  const timer = setTimeout(() => child.kill('SIGKILL'), HELPER_TIMEOUT).unref()
  let size = 0
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > MAX_ANSWER) child.kill()
    else chunks.push(chunk)
  })
  child.stdin.on('error', () => undefined)
  child.stdin.end(server)
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', (cause) => {
      const why = isErrno(cause, 'ENOENT') ? 'executable file not found in $PATH' : cause.message
      const message = `error getting credentials - err: exec: "${program}": ${why}`
      reject(new LighterError('registry-denied', message, { cause }))
    })
    child.on('close', resolve)
  }).finally(() => clearTimeout(timer))
  const output = Buffer.concat(chunks)
  if (code !== 0) {
    if (/credentials not found/i.test(output.toString('utf8'))) return undefined
    throw new LighterError('registry-denied', `error getting credentials - err: ${program} failed`)
  }
  const answer = parseJson(output)
  if (!isObject(answer)) return undefined
  const { Username: username, Secret: secret } = answer
  if (typeof username !== 'string' || typeof secret !== 'string') return undefined
  if (username === '<token>') return { kind: 'identity-token', token: secret }
  return username === '' ? undefined : { kind: 'password', username, password: secret }
}

const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
