import { resolve } from 'node:path'
import { refuseStorageOptions } from '../../lib/container/check-options.ts'
import type { HostOptions } from '../../lib/container/options.ts'
import type { CreateRequest } from '../../lib/container/request.ts'
import { LighterError } from '../../lib/core/errors.ts'
import { FlagError, type Parsed } from '../parse.ts'
import { BareRefusal } from '../report.ts'
import { parseConnections } from './connections.ts'
import { readEnvironment, readLabels, readText } from './key-values.ts'
import type { MountFlag } from './mount.ts'
import { parseNamespaces } from './namespaces.ts'
import { parseHealth, parseLog, parseRestart } from './supervision.ts'

/** Flags that most containers are made with: none of them is an option of the host. */
export const USUAL_FLAGS: ReadonlySet<string> = new Set([
  ...['rm', 'detach', 'interactive', 'tty', 'quiet', 'pull', 'name', 'hostname', 'init', 'cidfile'],
  ...['env', 'env-file', 'workdir', 'user', 'entrypoint', 'label', 'volume', 'tmpfs', 'read-only'],
  ...[
    'network',
    'publish',
    'restart',
    'cap-add',
    'cap-drop',
    'privileged',
    'security-opt',
    'userns',
  ],
])

/** What the flags of `run` and `create` ask for. */
export async function parseCreateRequest(
  parsed: Parsed,
  detached: boolean,
  startsAtOnce: boolean,
): Promise<CreateRequest> {
  refuseForeign(parsed)
  const [image = '', ...command] = parsed.operands
  const tty = parsed.bool('tty')
  const mounts = await parseMounts(parsed.list('mount'))
  const openStdin = parsed.bool('interactive')
  return {
    image,
    command,
    name: parsed.string('name') || undefined,
    entrypoint: listIfAny(parsed.string('entrypoint')),
    env: readEnvironment(parsed.list('env-file'), parsed.list('env'), process.env),
    labels: readLabels(parsed.list('label-file'), parsed.list('label')),
    user: parsed.string('user') || undefined,
    groups: parsed.list('group-add'),
    workingDir: parsed.string('workdir') || undefined,
    hostname: parsed.string('hostname') || undefined,
    tty,
    openStdin,
    attach: parseAttach(parsed.list('attach'), openStdin, detached),
    autoRemove: parsed.bool('rm'),
    startsAtOnce,
    binds: [...new Set(parsed.list('volume'))].map(checkSections).map(absoluteSource),
    mounts: mounts.map(({ request }) => request),
    tmpfs: Object.fromEntries(parsed.list('tmpfs').map(splitTmpfs)),
    connections: parseConnections(parsed),
    domainname: parsed.string('domainname') || undefined,
    options: {
      ...(parsed.givenOnly(USUAL_FLAGS) ? usualOptions(parsed) : await hostOptions(parsed)),
      ...(mounts.length > 0 ? { mounts: mounts.map(({ document }) => document) } : {}),
    },
    init: parsed.bool('init'),
    readOnly: parsed.bool('read-only'),
    privileged: parsed.bool('privileged'),
    capAdd: parsed.list('cap-add'),
    capDrop: parsed.list('cap-drop'),
    securityOpt: parsed.list('security-opt').map(loadSecurityOption),
    stopSignal: parsed.string('stop-signal') || undefined,
    stopTimeout: parsed.int('stop-timeout'),
    runtime: parsed.string('runtime') || undefined,
    cidFile: parsed.string('cidfile') || undefined,
    noHealthcheck: parsed.bool('no-healthcheck'),
    ...parseHealth(parsed),
    ...parseRestart(parsed),
    ...parseLog(parsed),
    consoleSize: parsed.bool('tty') ? terminalSize() : [0, 0],
  }
}

const listIfAny = (text: string | undefined): string[] | undefined =>
  text === undefined ? undefined : [text]

const usualOptions = (parsed: Parsed): HostOptions =>
  parsed.string('userns') ? { namespaces: parseNamespaces(parsed) } : {}

async function hostOptions(parsed: Parsed): Promise<HostOptions> {
  const { parseHostOptions } = await import('./host-options.ts')
  return parseHostOptions(parsed)
}

async function parseMounts(texts: string[]): Promise<MountFlag[]> {
  if (texts.length === 0) return []
  const { parseMount } = await import('./mount.ts')
  return texts.map(parseMount)
}

/** Flags for what a program without a daemon does not have, and storage that cannot be limited. */
function refuseForeign(parsed: Parsed): void {
  if (parsed.bool('use-api-socket')) {
    throw new LighterError(
      'usage',
      '--use-api-socket: there is no API socket, for there is no daemon',
    )
  }
  const options = parsed.list('storage-opt')
  if (options.some((option) => !option.includes('='))) {
    throw new LighterError('usage', 'invalid storage option')
  }
  refuseStorageOptions(options.map((option) => option.slice(0, option.indexOf('='))))
}

/** Rows and columns of the caller's terminal. */
export function terminalSize(): [number, number] {
  const { rows, columns } = process.stdout
  return process.stdout.isTTY ? [rows, columns] : [0, 0]
}

/** Streams that the caller takes part in. */
export function parseAttach(
  values: string[],
  openStdin: boolean,
  detached: boolean,
): CreateRequest['attach'] {
  const names = values.map((text) => {
    const name = text.toLowerCase()
    if (name === 'stdin' || name === 'stdout' || name === 'stderr') return name
    throw new FlagError(
      `invalid argument "${text}" for "-a, --attach" flag: valid streams are STDIN, STDOUT and STDERR`,
    )
  })
  if (names.length > 0) {
    if (detached) throw new BareRefusal(['Conflicting options: -a and -d'])
    return {
      // As Docker has it: -i attaches the input whatever -a names. A program that reads would wait for ever else.
      stdin: openStdin || names.includes('stdin'),
      stdout: names.includes('stdout'),
      stderr: names.includes('stderr'),
    }
  }
  return { stdin: openStdin && !detached, stdout: !detached, stderr: !detached }
}

/** `./src:/dst` means the directory of the caller; `src:/dst` is a volume's name, and `../src` one that cannot be. */
function absoluteSource(text: string): string {
  if (!/^\.(\/|:|$)/.test(text)) return text
  const colon = text.indexOf(':')
  if (colon < 0) return text
  return `${resolve(text.slice(0, colon))}${text.slice(colon)}`
}

/** What Docker's client finds wrong with a `-v` by itself. */
function checkSections(bind: string): string {
  if (bind === '') throw new LighterError('usage', 'invalid empty volume spec')
  const bad = (reason: string) => new LighterError('usage', `invalid spec: ${bind}: ${reason}`)
  const sections: string[] = []
  for (const part of bind.split(':')) {
    const before = sections.at(-1)
    // It takes a single letter for a drive of Windows.
    if (before !== undefined && /^[a-z]$/i.test(before)) sections.splice(-1, 1, `${before}:${part}`)
    else sections.push(part)
  }
  const empty = sections.indexOf('')
  if (empty >= 0 && empty < 3) throw bad('empty section between colons')
  if (sections.length > 3) throw bad('too many colons')
  return bind
}

function splitTmpfs(text: string): [string, string] {
  const colon = text.indexOf(':')
  return colon < 0 ? [text, ''] : [text.slice(0, colon), text.slice(colon + 1)]
}

/** A seccomp profile is read here: the container keeps it when the file is gone. */
function loadSecurityOption(text: string): string {
  if (text !== 'no-new-privileges' && !/[=:]/.test(text)) {
    throw new LighterError('usage', `Invalid --security-opt: "${text}"`)
  }
  const path = /^seccomp[=:](.*)$/s.exec(text)?.[1]
  if (path === undefined || path === 'unconfined' || path === 'builtin') return text
  let profile: string
  try {
    profile = readText(path)
  } catch (error) {
    throw new LighterError(
      'usage',
      `opening seccomp profile (${path}) failed: ${(error as Error).message}`,
    )
  }
  try {
    return `seccomp=${JSON.stringify(JSON.parse(profile))}`
  } catch (error) {
    throw new LighterError(
      'usage',
      `compacting json for seccomp profile (${path}) failed: ${(error as Error).message}`,
    )
  }
}
