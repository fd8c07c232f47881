import { closeSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { randomHex } from '../../core/random.ts'
import { makeDirectory } from '../../fs/replace.ts'

/** Secrets of the build: `GIT_AUTH_TOKEN`, `GIT_AUTH_HEADER`, each also with `.HOST`. */
export type ReadSecret = (id: string) => Promise<Buffer | undefined>

/** As BuildKit does: one token for all of GitHub, and elsewhere only for the repository that was named, not for its submodules. */
const SHARED = ['https://github.com/', 'https://www.github.com/']

/** The address without who asks: that is no argument of a program. */
export function withoutLogin(remote: string): string {
  if (!/^https?:/.test(remote)) return remote
  const url = new URL(remote)
  if (url.username === '' && url.password === '') return remote
  url.username = ''
  url.password = ''
  return url.href
}

/** How the user is known to the server, as git's configuration says it; `undefined`: not at all. */
export async function authorization(
  remote: string,
  secret: ReadSecret,
): Promise<string | undefined> {
  if (!/^https?:/.test(remote)) return undefined
  const { host } = new URL(remote)
  const value =
    (await secretFor(`.${host}`, secret)) ??
    (await secretFor('', secret)) ??
    loginOf(new URL(remote))
  if (value === undefined) return undefined
  const plain = withoutLogin(remote)
  const scope = SHARED.find((place) => plain.startsWith(place)) ?? plain
  const header = quoted(`Authorization: ${value}`)
  // Git would take the header along to wherever it is sent.
  return `[http "${quoted(scope)}"]\n\textraHeader = "${header}"\n\tfollowRedirects = false\n`
}

async function secretFor(suffix: string, secret: ReadSecret): Promise<string | undefined> {
  const header = (await secret(`GIT_AUTH_HEADER${suffix}`))?.toString().trim()
  if (header) return header
  const token = (await secret(`GIT_AUTH_TOKEN${suffix}`))?.toString().trim()
  return token ? basic('x-access-token', token) : undefined
}

const loginOf = ({ username, password }: URL): string | undefined =>
  username === '' && password === '' ? undefined : basic(decoded(username), decoded(password))

/** What is no encoding is taken as it stands there. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

const basic = (name: string, password: string): string =>
  `basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

/** https://git-scm.com/docs/git-config, "Values" */
const quoted = (text: string): string =>
  text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\0', '')

/** A file that has no name: it is gone with the last descriptor, and where sockets are it is in memory alone. */
export function openNameless(directory: string, text: string): number {
  makeDirectory(directory)
  const path = join(directory, `${randomHex(12)}.tmp`)
  const fd = openSync(path, 'wx+', 0o600)
  try {
    rmSync(path)
    writeSync(fd, text)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * Settings of ssh for one fetch. A host that nobody knows is believed, as Docker does, and not noted: whoever knows it, or wants to be
 * asked, says so in the settings that count before. What a Dockerfile names is fetched with the keys of `--ssh` alone.
 */
export function writeSshConfig(path: string, isOwn: boolean): void {
  const before = isOwn
    ? ['Include ~/.ssh/config', 'Include /etc/ssh/ssh_config']
    : ['IdentityFile none']
  const known = '~/.ssh/known_hosts ~/.ssh/known_hosts2'
  const lines = [
    ...before,
    'Host *',
    'StrictHostKeyChecking accept-new',
    'LogLevel ERROR',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: ssh puts the variable in
    'UserKnownHostsFile ${HOME}/known_hosts '.concat(known),
  ]
  writeFileSync(path, `${lines.join('\n')}\n`, { mode: 0o600 })
}
