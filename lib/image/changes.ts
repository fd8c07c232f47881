import { posix } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { parseDuration } from './change-duration.ts'
import { expand, jsonWords, pairs, words } from './change-words.ts'

/** `config` of an image's configuration, as documents have it. */
export type ImageSettings = Record<string, unknown>

/** What is known while a list of changes is gone through. */
interface Progress {
  settings: ImageSettings
  /** An entrypoint takes away a command that was there before, but not one of the same list. */
  commandSet: boolean
}

type Apply = (progress: Progress, rest: string) => void

/** Applies instructions of `--change` to an image's settings. Throws Docker's sentences, in part. */
export function applyChanges(settings: ImageSettings, changes: readonly string[]): ImageSettings {
  const progress: Progress = { settings: { ...settings }, commandSet: false }
  if (changes.length === 0) return progress.settings
  const lines = changes
    .join('\n')
    .replace(/\\[ \t]*\n/g, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
  if (lines.length === 0) throw bad('file with no instructions')
  const parsed = lines.map(parseInstruction)
  for (const { apply, rest } of parsed) apply(progress, rest)
  return progress.settings
}

function parseInstruction(line: string): { apply: Apply; rest: string } {
  const [, word = '', rest = ''] = /^(\S+)\s*([\s\S]*)$/.exec(line) ?? []
  const name = word.toUpperCase()
  const apply = INSTRUCTIONS[name]
  if (!apply) throw bad(`${name} is not a valid change command`)
  return { apply, rest }
}

const INSTRUCTIONS: Readonly<Record<string, Apply>> = {
  CMD: (progress, rest) => {
    progress.settings.Cmd = command(progress, rest)
    progress.commandSet = true
  },
  ENTRYPOINT: (progress, rest) => {
    const entrypoint = rest === '' ? [] : command(progress, rest)
    progress.settings.Entrypoint = entrypoint.length > 0 ? entrypoint : null
    if (!progress.commandSet) progress.settings.Cmd = null
  },
  ENV: ({ settings }, rest) => {
    const env = texts(settings.Env)
    for (const [name, value] of named('ENV', rest, env)) {
      const entry = `${name}=${value}`
      const at = env.findIndex((other) => other.startsWith(`${name}=`) || other === name)
      if (at < 0) env.push(entry)
      else env[at] = entry
    }
    settings.Env = env
  },
  EXPOSE: ({ settings }, rest) => {
    const ports = some('EXPOSE', words(rest)).flatMap((word) =>
      expandPorts(expand(word, env(settings))),
    )
    settings.ExposedPorts = { ...object(settings.ExposedPorts), ...keys(ports) }
  },
  LABEL: ({ settings }, rest) => {
    const labels = Object.fromEntries(named('LABEL', rest, env(settings)))
    const all = Object.entries({ ...object(settings.Labels), ...labels })
    // In Docker's order, which is shown.
    settings.Labels = Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)))
  },
  ONBUILD: ({ settings }, rest) => {
    const trigger = rest.trim()
    const first = trigger.split(/\s/)[0]?.toUpperCase() ?? ''
    if (first === '') throw bad('ONBUILD requires at least one argument')
    if (first === 'ONBUILD') {
      throw bad("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    }
    if (first === 'FROM' || first === 'MAINTAINER') {
      throw bad(`${first} isn't allowed as an ONBUILD trigger`)
    }
    settings.OnBuild = [...texts(settings.OnBuild), trigger]
  },
  USER: ({ settings }, rest) => {
    settings.User = expand(one('USER', rest), env(settings))
  },
  VOLUME: ({ settings }, rest) => {
    const paths = some('VOLUME', jsonWords(rest) ?? words(rest)).map((path) =>
      expand(path, env(settings)).trim(),
    )
    if (paths.includes('')) throw bad('VOLUME specified can not be an empty string')
    settings.Volumes = { ...object(settings.Volumes), ...keys(paths) }
  },
  WORKDIR: ({ settings }, rest) => {
    const path = expand(one('WORKDIR', rest), env(settings))
    const current = typeof settings.WorkingDir === 'string' ? settings.WorkingDir : ''
    settings.WorkingDir = posix.resolve('/', current, path)
  },
  STOPSIGNAL: ({ settings }, rest) => {
    const signal = expand(one('STOPSIGNAL', rest), env(settings))
    if (!isSignal(signal)) throw bad(`invalid signal: ${signal}`)
    settings.StopSignal = signal
  },
  HEALTHCHECK: ({ settings }, rest) => {
    settings.Healthcheck = healthcheck(rest)
  },
}

/** The words of a list in brackets, else a line for the shell. */
function command({ settings }: Progress, rest: string): string[] {
  const list = jsonWords(rest)
  if (list) return list
  const shell = texts(settings.Shell)
  return [...(shell.length > 0 ? shell : ['/bin/sh', '-c']), ...(rest === '' ? [] : [rest])]
}

function named(instruction: string, rest: string, scope: string[]): [string, string][] {
  if (rest === '') throw bad(`${instruction} requires at least one argument`)
  const list = pairs(rest)
  if (!list) throw bad(`${instruction} must have two arguments`)
  const fixed = [...scope]
  return list.map(([name, value]) => {
    if (name === '') throw bad(`${instruction} names can not be blank`)
    return [expand(name, fixed), expand(value, fixed)]
  })
}

function one(instruction: string, rest: string): string {
  if (rest === '') throw bad(`${instruction} requires exactly one argument`)
  return rest
}

function some(instruction: string, list: string[]): string[] {
  if (list.length === 0) throw bad(`${instruction} requires at least one argument`)
  return list
}

const MAX_PORT = 65535

/** `80`, `53/udp`, `8000-8002`. */
function expandPorts(text: string): string[] {
  const [range = '', protocol = 'tcp'] = text.split('/')
  if (!/^(tcp|udp|sctp)$/i.test(protocol)) throw bad(`Invalid proto: ${protocol}`)
  const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(range) ?? []
  const [from, to] = [Number(first), Number(last)]
  if (first === '' || from > to || to > MAX_PORT) throw bad(`Invalid containerPort: ${range}`)
  return Array.from(
    { length: to - from + 1 },
    (_, index) => `${from + index}/${protocol.toLowerCase()}`,
  )
}

/** By number or name, as `kill` knows them. */
const isSignal = (text: string): boolean =>
  /^([1-9]|[1-5]\d|6[0-4])$/.test(text) ||
  /^(SIG)?(HUP|INT|QUIT|ILL|TRAP|ABRT|IOT|BUS|FPE|KILL|USR1|SEGV|USR2|PIPE|ALRM|TERM|STKFLT|CHLD|CLD|CONT|STOP|TSTP|TTIN|TTOU|URG|XCPU|XFSZ|VTALRM|PROF|WINCH|IO|POLL|PWR|SYS|RTMIN(\+([1-9]|1[0-5]))?|RTMAX(-([1-9]|1[0-4]))?)$/i.test(
    text,
  )

const DURATIONS: Readonly<Record<string, string>> = {
  interval: 'Interval',
  timeout: 'Timeout',
  'start-period': 'StartPeriod',
  'start-interval': 'StartInterval',
}

function healthcheck(text: string): ImageSettings {
  const check: ImageSettings = {}
  let rest = text
  for (
    let option = /^--([a-z-]+)=(\S*)\s*/.exec(rest);
    option;
    option = /^--([a-z-]+)=(\S*)\s*/.exec(rest)
  ) {
    const [whole, name = '', value = ''] = option
    const key = DURATIONS[name]
    if (key) check[key] = parseDuration(name, value)
    else if (name === 'retries' && /^\d+$/.test(value)) check.Retries = Number(value)
    else throw bad(`unknown flag: ${name}`)
    rest = rest.slice(whole.length)
  }
  const [, type = '', arguments_ = ''] = /^(\S*)\s*([\s\S]*)$/.exec(rest) ?? []
  switch (type.toUpperCase()) {
    case '':
      throw bad('HEALTHCHECK requires at least one argument')
    case 'NONE':
      if (arguments_ !== '') throw bad('HEALTHCHECK NONE takes no arguments')
      return { Test: ['NONE'] }
    case 'CMD': {
      const list = jsonWords(arguments_)
      if (arguments_ === '') throw bad('Missing command after HEALTHCHECK CMD')
      return { Test: list ? ['CMD', ...list] : ['CMD-SHELL', arguments_], ...check }
    }
    default:
      throw bad(`Unknown type ${JSON.stringify(type.toUpperCase())} in HEALTHCHECK (try CMD)`)
  }
}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
const env = (settings: ImageSettings): string[] => texts(settings.Env)
const object = (value: unknown): object =>
  typeof value === 'object' && value !== null ? value : {}
const keys = (names: string[]): object => Object.fromEntries(names.map((name) => [name, {}]))
const bad = (message: string): LighterError => new LighterError('bad-input', message)
