import { readFileSync } from 'node:fs'
import { isatty } from 'node:tty'
import { LighterError } from '../../lib/core/errors.ts'
import type { Credentials } from '../../lib/registry/credential.ts'
import { storeCredentials } from '../../lib/registry/credential-store.ts'
import { credentialKey, findOwnCredentials } from '../../lib/registry/credentials.ts'
import { logIn } from '../../lib/registry/login.ts'
import type { Context } from '../context.ts'
import { ask, askSecret } from '../output/ask.ts'
import type { Parsed } from '../parse.ts'

const DEFAULT_REGISTRY = 'docker.io'

const GREETING = `Log in with your Docker ID or email address to push and pull images from Docker Hub. If you don't have a Docker ID, head over to https://hub.docker.com/ to create one.
You can log in with your password or a Personal Access Token (PAT). Using a limited-scope PAT grants better security and is required for organizations using SSO. Learn more at https://docs.docker.com/go/access-tokens/
`

/** `login`: the registry is asked first, then the credentials are kept. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const given = readFlags(context, parsed)
  const registry = hostname(parsed.operands[0] ?? DEFAULT_REGISTRY)
  const { paths } = context.engine
  const known =
    given.username === '' && given.password === ''
      ? await findOwnCredentials(paths.dockerConfig, registry)
      : undefined
  const again = known && (await tryKnown(context, registry, known))
  const accepted = again ?? (await logIn(registry, askFor(context, registry, given, known), paths))
  const path = await keep(paths.dockerConfig, registry, accepted)
  if (path !== undefined) {
    context.warn(
      `WARNING! Your password will be stored unencrypted in ${path}.
Configure a credential helper to remove this warning. See
https://docs.docker.com/engine/reference/commandline/login/#credentials-store
`,
    )
  }
  context.print('Login Succeeded')
  return 0
}

async function keep(
  dockerConfig: string,
  registry: string,
  credentials: Credentials,
): Promise<string | undefined> {
  try {
    return await storeCredentials(dockerConfig, registry, credentials)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw new LighterError('usage', `Error saving credentials: ${error.message}`, { cause: error })
  }
}

interface Given {
  username: string
  password: string
}

function readFlags(context: Context, parsed: Parsed): Given {
  const username = parsed.string('username') ?? ''
  const password = parsed.string('password') ?? ''
  const fromInput = parsed.bool('password-stdin')
  if (password !== '') {
    context.warn('WARNING! Using --password via the CLI is insecure. Use --password-stdin.')
    if (fromInput) {
      throw new LighterError('usage', '--password and --password-stdin are mutually exclusive')
    }
  }
  if (!fromInput) return { username, password }
  if (username === '') {
    throw new LighterError('usage', 'Must provide --username with --password-stdin')
  }
  return { username, password: readFileSync(0, 'utf8').replace(/\n$/, '').replace(/\r$/, '') }
}

/** What is kept already is good enough while the registry takes it. */
async function tryKnown(
  context: Context,
  registry: string,
  known: Credentials,
): Promise<Credentials | undefined> {
  context.print('Authenticating with existing credentials...')
  try {
    return await logIn(registry, known, context.engine.paths)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    context.warn(`Login did not succeed, error: Error response from daemon: ${error.message}`)
    return undefined
  }
}

function askFor(
  context: Context,
  registry: string,
  { username, password }: Given,
  known: Credentials | undefined,
): Credentials {
  if (password === '' && !isatty(0)) {
    throw new LighterError(
      'usage',
      'Error: Cannot perform an interactive login from a non TTY device',
    )
  }
  const usual = known?.username ?? ''
  if (username === '' && registry === DEFAULT_REGISTRY) context.print(GREETING)
  const user = username || ask(usual ? `Username (${usual}): ` : 'Username: ') || usual
  if (user === '') throw new LighterError('usage', 'Error: Non-null Username Required')
  const secret = password || askSecret('Password: ')
  if (secret === '') throw new LighterError('usage', 'Error: Password Required')
  return { kind: 'password', username: user, password: secret }
}

/** As Docker's client takes an address: without scheme and path. */
const hostname = (server: string): string =>
  credentialKey(server).startsWith('https://') ? DEFAULT_REGISTRY : credentialKey(server)
