import { execFileSync, spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { Authority } from './registries.ts'

export interface GitServer {
  /** `https://127.0.0.1:PORT`. */
  url: string
  host: string
  /** Every request, and how it was allowed to see what it asked for. */
  seen: { path: string; authorization: string | undefined }[]
  stop: () => Promise<void>
}

export interface GitServerOptions {
  authority: Authority
  /** Answers in place of git where it returns true, or lets a request wait. */
  before?: (request: IncomingMessage, response: ServerResponse) => Promise<boolean> | boolean
}

/** Serves the repositories below a directory over https, by git's own program for it. */
export async function startGitServer(
  root: string,
  { authority, before }: GitServerOptions,
): Promise<GitServer> {
  const seen: GitServer['seen'] = []
  const server = createServer(
    { cert: readFileSync(authority.serverCertificate), key: readFileSync(authority.serverKey) },
    async (request, response) => {
      seen.push({ path: request.url ?? '', authorization: request.headers.authorization })
      if (await before?.(request, response)) return
      serve(root, request, response)
    },
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { url: `https://${host}`, host, seen, stop }
}

/** https://www.rfc-editor.org/rfc/rfc3875, "CGI" */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname, search } = new URL(request.url ?? '', 'https://x')
  const { headers } = request
  const child = spawn('git', ['http-backend'], {
    env: {
      PATH: process.env.PATH,
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      PATH_INFO: decodeURIComponent(pathname),
      QUERY_STRING: search.slice(1),
      REQUEST_METHOD: request.method,
      CONTENT_TYPE: headers['content-type'],
      HTTP_CONTENT_ENCODING: headers['content-encoding'],
      GIT_PROTOCOL: String(headers['git-protocol'] ?? ''),
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => undefined)
  request.pipe(child.stdin)
  const parts: Buffer[] = []
  child.stdout.on('data', (part: Buffer) => parts.push(part))
  child.on('close', () => {
    const all = Buffer.concat(parts)
    const end = all.indexOf('\r\n\r\n')
    const lines = all.subarray(0, end).toString().split('\r\n')
    const fields = lines.map((line) => line.split(': ') as [string, string])
    const status = fields.find(([name]) => name === 'Status')?.[1] ?? '200'
    const rest = fields.filter(([name]) => name !== 'Status')
    response.writeHead(Number.parseInt(status, 10), Object.fromEntries(rest))
    response.end(all.subarray(end + 4))
  })
}

/** Git in a directory, by nobody's settings, at one time. Returns what it says. */
export const git = (directory: string, ...args: string[]): string =>
  execFileSync('git', args, {
    cwd: directory,
    encoding: 'utf8',
    env: {
      PATH: process.env.PATH,
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_ALLOW_PROTOCOL: 'file:https',
      ...Object.fromEntries(
        ['AUTHOR', 'COMMITTER'].flatMap((who) => [
          [`GIT_${who}_NAME`, 'x'],
          [`GIT_${who}_EMAIL`, 'x@x'],
          [`GIT_${who}_DATE`, '2020-01-01T00:00:00Z'],
        ]),
      ),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim()

/** A repository with a commit of these files. */
export function makeRepository(path: string, files: Readonly<Record<string, string>>): void {
  mkdirSync(path, { recursive: true })
  git(path, 'init', '-q', '-b', 'main')
  git(path, 'config', 'uploadpack.allowAnySHA1InWant', 'true')
  commitFiles(path, files)
}

/** Returns the commit. */
export function commitFiles(path: string, files: Readonly<Record<string, string>>): string {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  git(path, 'add', '-A')
  git(path, 'commit', '-qm', `files ${Object.keys(files)}`)
  return git(path, 'rev-parse', 'HEAD')
}
