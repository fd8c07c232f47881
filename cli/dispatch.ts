import { basename } from 'node:path'
import { RELEASE_VERB, TIME_LIMIT } from '../lib/core/release-verb.ts'
import { type FoundCommand, findCommand, isOwnWord } from './commands.ts'
import { createContext } from './context.ts'
import { globalFlags } from './flags/global.ts'
import { writeErr, writeOut } from './output/write.ts'
import { FlagError, type Parsed, parseArguments, parseGlobals } from './parse.ts'
import { BareRefusal, reportError, UsageFailure } from './report.ts'

/** Runs one command line and leaves the exit code. */
export async function dispatch(argv: string[], argv0: string): Promise<void> {
  const program = programName(argv0)
  const where = { program, name: '', debug: argv.includes('--debug') || argv[0] === '-D' }
  try {
    process.exitCode = await callCommand(program, argv, where)
  } catch (error) {
    process.exitCode = await reportError(error, where)
  }
}

async function callCommand(
  program: string,
  argv: string[],
  where: { name: string; debug: boolean },
): Promise<number> {
  const parsed = await readGlobals(program, argv)
  if (typeof parsed === 'number') return parsed
  const help = () => import('./help.ts')
  if (parsed.bool('version')) {
    const { versionLine } = await import('../lib/core/build-info.ts')
    writeOut(`${versionLine}\n`)
    return 0
  }
  where.debug = isDebug(parsed)
  const words = [...parsed.operands]
  if (words.length === 0) {
    return await (await help()).printHelp(program, globalFlags, false, { write: writeErr })
  }
  if (words[0] === 'help') {
    const topic = words.slice(1)
    const wanted = [...topic, '--help']
    const answer = await tryPlugin(program, { words: wanted, argv: wanted, debug: where.debug })
    return answer ?? (await help()).printHelpFor(program, globalFlags, topic)
  }
  if (words[0] === '__complete') {
    return (await import('./completion/print.ts')).printCompletion(words.slice(2))
  }
  if (words[0] === RELEASE_VERB) return await release(words.slice(1))
  const found = findCommand(words)
  if (!found) {
    refuseDaemonFlags(parsed)
    const answer = await tryPlugin(program, { words, argv, debug: where.debug })
    return answer ?? (await import('./group.ts')).callGroup(program, globalFlags, words)
  }
  refuseDaemonFlags(parsed)
  where.name = found.name
  return await callFound(program, found, where.debug)
}

/** What is none of our own commands may be one of a plugin of Docker's client. Returns its exit code, `undefined` where it is not. */
async function tryPlugin(
  program: string,
  call: { words: string[]; argv: string[]; debug: boolean },
): Promise<number | undefined> {
  const [name = ''] = call.words
  if (!/^[a-z][a-z0-9]*$/.test(name) || isOwnWord(name)) return undefined
  return await (await import('./plugins/run.ts')).callPlugin({ program, ...call })
}

/** The flags before the command, or the exit code where they are all there is to say. */
async function readGlobals(program: string, argv: string[]): Promise<Parsed | number> {
  try {
    const globals = parseGlobals(globalFlags, argv)
    if (globals.kind === 'call') return globals.parsed
    const { printHelpBefore } = await import('./group.ts')
    return printHelpBefore(program, globalFlags, argv, globals.deprecated)
  } catch (error) {
    if (!(error instanceof FlagError)) throw error
    return (await import('./group.ts')).refuseFlag(program, globalFlags, '', error)
  }
}

async function release([data = '', ...words]: string[]): Promise<number> {
  // Containers of older versions say none.
  const limit = words[0]?.startsWith(TIME_LIMIT) ? words.shift() : undefined
  if (limit) process.env.LIGHTER_PLUGIN_TIMEOUT = limit.slice(TIME_LIMIT.length)
  const { unmountPluginVolumes } = await import('../lib/container/volume-mounts.ts')
  await unmountPluginVolumes(data, words)
  return 0
}

const LOG_LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'warn', 'error', 'fatal'])

function isDebug(parsed: Parsed): boolean {
  const level = parsed.string('log-level') ?? 'info'
  if (!LOG_LEVELS.has(level)) throw new BareRefusal([`Unable to parse logging level: ${level}`])
  return parsed.bool('debug') || level === 'debug'
}

async function callFound(program: string, found: FoundCommand, debug: boolean): Promise<number> {
  const { command, name, rest } = found
  const result = parseArguments(command, name, rest)
  if (result.kind === 'help') {
    return (await import('./help.ts')).printCommand(program, command, name, result.deprecated)
  }
  checkOperands(program, found, result.parsed.operands.length)
  const [module, context] = await Promise.all([command.load(), createContext(program, debug)])
  return await module.run(context, result.parsed)
}

function checkOperands(program: string, { command, name }: FoundCommand, count: number): void {
  const [least, most] = command.operands
  if (count >= least && count <= most) return
  // Plugins of Docker's client call their errors so.
  const mark = name.startsWith('buildx ') ? 'ERROR: ' : ''
  const sentence = `${mark}"${program} ${name}" ${expectation(least, most)}.`
  throw new UsageFailure(sentence, name, 1, command)
}

function expectation(least: number, most: number): string {
  const plural = (count: number): string => `${count} argument${count === 1 ? '' : 's'}`
  if (most === 0) return 'accepts no arguments'
  if (least === most) return `requires exactly ${plural(least)}`
  if (most === Number.POSITIVE_INFINITY) return `requires at least ${plural(least)}`
  if (least === 0) return `requires at most ${plural(most)}`
  return `requires at least ${least} and at most ${plural(most)}`
}

function refuseDaemonFlags(parsed: Parsed): void {
  if (parsed.given('host')) {
    throw new UsageFailure(
      '--host: there is no daemon to connect to; containers run in this very session',
      '',
      125,
    )
  }
  const context = parsed.string('context')
  if (context !== undefined && context !== 'default') {
    throw new UsageFailure(
      `context "${context}" not found: only "default" exists, there is no daemon`,
      '',
      1,
    )
  }
  const config = parsed.string('config')
  if (config !== undefined) process.env.DOCKER_CONFIG = config
}

/** `docker` through a symlink, else `lighter`: also in development, where the program is node. */
function programName(argv0: string): string {
  const name = basename(argv0)
  return name === '' || name === 'node' || name === 'nodejs' || name.startsWith('-')
    ? 'lighter'
    : name
}
