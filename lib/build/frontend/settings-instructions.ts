import { posix } from 'node:path'
import { signalNumber } from '../../container/signals.ts'
import type { CommandLine, Instruction } from '../../dockerfile/ast.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { quote } from '../../format/quote.ts'
import { formatDuration } from '../../format/time.ts'
import type { Step } from '../graph.ts'
import type { Conversion } from './conversion.ts'
import { makeStep } from './make-step.ts'
import { addHistory, type StageState, stepName } from './stage.ts'

type Of<Kind extends Instruction['kind']> = Extract<Instruction, { kind: Kind }>

const DEFAULT_SHELL = ['/bin/sh', '-c']

/** The shell of a stage with a line for it. */
export const withShell = ({ settings }: StageState, line: string): string[] => [
  ...(settings.shell && settings.shell.length > 0 ? settings.shell : DEFAULT_SHELL),
  line,
]

const commandOf = (state: StageState, command: CommandLine): string[] =>
  command.form === 'exec' ? command.args : withShell(state, command.text)

/** A list as Go's `%q` prints it. */
const quotedList = (words: readonly string[]): string =>
  `[${words.map((word) => quote(word)).join(' ')}]`

export function setEnv(
  { expander }: Conversion,
  state: StageState,
  { pairs }: Of<'ENV' | 'LABEL'>,
): void {
  // All of one instruction see the values before it.
  const set = pairs.map(
    ({ key, value }) => [expander.word(key, state.env), expander.word(value, state.env)] as const,
  )
  for (const [name, text] of set) {
    state.env.set(name, text)
    state.settings.env.set(name, text)
  }
  const words = set.map(([name, text]) => `${name}=${text}`)
  addHistory(state, `ENV ${words.join(' ')}`)
}

export function setLabels(
  { expander }: Conversion,
  state: StageState,
  { pairs }: Of<'ENV' | 'LABEL'>,
): void {
  const words = pairs.map(({ key, value }) => {
    const [name, text] = [expander.word(key, state.env), expander.word(value, state.env)]
    state.settings.labels.set(name, text)
    return `${name}=${text}`
  })
  addHistory(state, `LABEL ${words.join(' ')}`)
}

/** History tells what the Dockerfile says, whatever the caller gave. */
export function setArgs(conversion: Conversion, state: StageState, { args }: Of<'ARG'>): void {
  const { expander, globals, options } = conversion
  // All of one instruction see the values before it.
  const set = args.map(({ key, value }) => ({
    key: expander.word(key, state.env),
    said: value === undefined ? undefined : expander.word(value, state.env),
  }))
  const words = set.map(({ key, said }) => {
    const given = Object.hasOwn(options.buildArgs, key) ? options.buildArgs[key] : undefined
    const known = given ?? said ?? globals.get(key)
    if (known !== undefined) state.env.set(key, known)
    conversion.usedArgs.add(key)
    state.args.push({ key, value: known })
    return said === undefined ? key : `${key}=${said}`
  })
  addHistory(state, `ARG ${words.join(' ')}`)
}

export function setCommand(state: StageState, { kind, command }: Of<'CMD' | 'ENTRYPOINT'>): void {
  const args = commandOf(state, command)
  const { settings } = state
  if (kind === 'CMD') {
    settings.cmd = args
    settings.argsEscaped = true
    settings.cmdSet = true
  } else {
    settings.entrypoint = args
    if (!settings.cmdSet) settings.cmd = null
  }
  addHistory(state, `${kind} ${quotedList(args)}`)
}

export function exposePorts(
  { expander }: Conversion,
  state: StageState,
  { ports, location }: Of<'EXPOSE'>,
): void {
  const words = ports.flatMap((port) => expander.words(port, state.env))
  const found = words.flatMap((word) => {
    const all = expandPorts(word)
    if (!all)
      throw new DockerfileError(
        word.includes('/') && /^\d/.test(word)
          ? `Invalid proto: ${word.split('/')[1]}`
          : `Invalid containerPort: ${word}`,
        location,
      )
    return all
  })
  for (const port of found) state.settings.exposedPorts.add(port)
  const shown = [...new Set(found)].sort().map((port) => `${port}:{}`)
  addHistory(state, `EXPOSE map[${shown.join(' ')}]`)
}

/** `80`, `80/udp`, `7000-7002/tcp`; a part for the host (`8080:80`) says nothing here. `undefined`: no port at all. */
function expandPorts(word: string): string[] | undefined {
  const [, first = '', last = first, protocol = 'tcp'] =
    /^(?:[^/]*:)?(\d+)(?:-(\d+))?(?:\/([A-Za-z]+))?$/.exec(word) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (first === '' || from > to || to > 65_535) return undefined
  if (!['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase())) return undefined
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${from + index}/${protocol.toLowerCase()}`,
  )
}

export function addVolumes(
  { expander }: Conversion,
  state: StageState,
  { volumes, location }: Of<'VOLUME'>,
): void {
  const paths = volumes.map((path) => expander.word(path, state.env))
  if (paths.includes(''))
    throw new DockerfileError('VOLUME specified can not be an empty string', location)
  for (const path of paths) state.settings.volumes.add(path)
  addHistory(state, `VOLUME [${paths.join(' ')}]`)
}

export function setUser({ expander }: Conversion, state: StageState, { user }: Of<'USER'>): void {
  state.settings.user = expander.word(user, state.env)
  addHistory(state, `USER ${state.settings.user}`)
}

export function setStopSignal(
  { expander }: Conversion,
  state: StageState,
  { signal, location }: Of<'STOPSIGNAL'>,
): void {
  const word = expander.word(signal, state.env)
  try {
    signalNumber(word)
  } catch (error) {
    throw new DockerfileError((error as Error).message, location, { cause: error })
  }
  state.settings.stopSignal = word
  addHistory(state, `STOPSIGNAL ${word}`)
}

export function setMaintainer(state: StageState, { maintainer }: Of<'MAINTAINER'>): void {
  state.settings.author = maintainer
  addHistory(state, `MAINTAINER ${maintainer}`)
}

export function setShell(state: StageState, { shell }: Of<'SHELL'>): void {
  state.settings.shell = shell
  addHistory(state, `SHELL [${shell.join(' ')}]`)
}

/** BuildKit's history does not tell of it. */
export function addTrigger(state: StageState, { trigger }: Of<'ONBUILD'>): void {
  state.settings.onBuild.push(trigger)
}

/** The directory is made where it is not there; the root always is. */
export function setWorkdir(
  conversion: Conversion,
  state: StageState,
  instruction: Of<'WORKDIR'>,
): void {
  const { settings } = state
  const word = conversion.expander.word(instruction.path, state.env)
  const path = posix.resolve('/', settings.workingDir, word)
  settings.workingDir = path
  addHistory(
    state,
    `WORKDIR ${word.startsWith('/') ? word : path}`,
    path === '/' ? undefined : makeDirectory(conversion, state, instruction, path),
  )
}

function makeDirectory(
  { expander, showPlatform, epoch }: Conversion,
  state: StageState,
  { original, location }: Of<'WORKDIR'>,
  path: string,
): Step {
  const owner = state.settings.user || undefined
  state.files = makeStep({
    name: stepName(state, expander.shown(original, state.env), showPlatform),
    location,
    inputs: [state.files],
    operation: { type: 'files', actions: [{ type: 'mkdir', path, mode: 0o755, owner }], epoch },
    fresh: state.fresh,
  })
  return state.files
}

export function setHealthcheck(state: StageState, { check }: Of<'HEALTHCHECK'>): void {
  state.settings.healthcheck = healthDocument(check)
  addHistory(state, `HEALTHCHECK ${shownCheck(state.settings.healthcheck as HealthDocument)}`)
}

interface HealthDocument {
  Test: string[]
  Interval?: number
  Timeout?: number
  StartPeriod?: number
  StartInterval?: number
  Retries?: number
}

function healthDocument(check: Of<'HEALTHCHECK'>['check']): HealthDocument {
  if (!check) return { Test: ['NONE'] }
  const { command, interval, timeout, startPeriod, startInterval, retries } = check
  return {
    Test: command.form === 'exec' ? ['CMD', ...command.args] : ['CMD-SHELL', command.text],
    ...(interval ? { Interval: interval } : {}),
    ...(timeout ? { Timeout: timeout } : {}),
    ...(startPeriod ? { StartPeriod: startPeriod } : {}),
    ...(startInterval ? { StartInterval: startInterval } : {}),
    ...(retries ? { Retries: retries } : {}),
  }
}

/** As Go prints the structure with `%q`: durations as texts, the number as a character. */
function shownCheck(check: HealthDocument): string {
  const times = [check.Interval, check.Timeout, check.StartPeriod, check.StartInterval]
  const durations = times.map((time) => quote(formatDuration(BigInt(time ?? 0))))
  return `&{${quotedList(check.Test)} ${durations.join(' ')} ${goCharacter(check.Retries ?? 0)}}`
}

/** As Go's `%q` prints an integer: the character with that number. */
const goCharacter = (code: number): string => quote(String.fromCodePoint(code), "'")
