import type { ImageConfig } from '../../oci/image.ts'
import { Environment } from './scope.ts'

export const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** What an image says about its containers, while a stage goes on changing it. */
export interface Settings {
  user: string
  exposedPorts: Set<string>
  env: Environment
  entrypoint: string[] | null
  cmd: string[] | null
  /** CMD was said in this stage: an ENTRYPOINT leaves it alone. */
  cmdSet: boolean
  volumes: Set<string>
  workingDir: string
  labels: Map<string, string>
  stopSignal: string
  argsEscaped: boolean
  healthcheck: unknown
  onBuild: string[]
  shell: string[] | null
  author: string | undefined
}

type Json = Readonly<Record<string, unknown>>

/** Those of an image that a stage begins with; without one, what BuildKit gives a stage from scratch. */
export function startSettings(config: ImageConfig | undefined): Settings {
  const raw = (config?.raw.config ?? {}) as Json
  const env = config ? config.defaults.env : [`PATH=${DEFAULT_PATH}`]
  return {
    user: text(raw.User),
    exposedPorts: new Set(keys(raw.ExposedPorts)),
    env: new Environment(env),
    entrypoint: list(raw.Entrypoint),
    cmd: list(raw.Cmd),
    cmdSet: false,
    volumes: new Set(keys(raw.Volumes)),
    workingDir: config ? text(raw.WorkingDir) : '/',
    labels: new Map(
      Object.entries((raw.Labels ?? {}) as Json).map(([key, value]) => [key, String(value)]),
    ),
    stopSignal: text(raw.StopSignal),
    argsEscaped: raw.ArgsEscaped === true,
    healthcheck: raw.Healthcheck,
    onBuild: list(raw.OnBuild) ?? [],
    shell: list(raw.Shell),
    author: typeof config?.raw.author === 'string' ? config.raw.author : undefined,
  }
}

/** For a stage that goes on where another one ended. */
export const copySettings = (settings: Settings): Settings => ({
  ...settings,
  exposedPorts: new Set(settings.exposedPorts),
  env: settings.env.copy(),
  volumes: new Set(settings.volumes),
  labels: new Map(settings.labels),
  onBuild: [...settings.onBuild],
  cmdSet: false,
})

/** As member `config` of an image's configuration has them, members in the order of BuildKit's. */
export function settingsDocument(settings: Settings): Json {
  const { user, exposedPorts, env, entrypoint, cmd, volumes, workingDir, labels } = settings
  const { stopSignal, argsEscaped, healthcheck, onBuild, shell } = settings
  return {
    ...(user ? { User: user } : {}),
    ...(exposedPorts.size > 0 ? { ExposedPorts: emptyObjects(exposedPorts) } : {}),
    Env: env.entries(),
    ...(entrypoint && entrypoint.length > 0 ? { Entrypoint: entrypoint } : {}),
    ...(cmd && cmd.length > 0 ? { Cmd: cmd } : {}),
    ...(volumes.size > 0 ? { Volumes: emptyObjects(volumes) } : {}),
    ...(workingDir ? { WorkingDir: workingDir } : {}),
    ...(labels.size > 0 ? { Labels: Object.fromEntries([...labels].sort(byKey)) } : {}),
    ...(stopSignal ? { StopSignal: stopSignal } : {}),
    ...(argsEscaped ? { ArgsEscaped: true } : {}),
    ...(healthcheck === undefined || healthcheck === null ? {} : { Healthcheck: healthcheck }),
    OnBuild: onBuild.length > 0 ? onBuild : null,
    ...(shell && shell.length > 0 ? { Shell: shell } : {}),
  }
}

const byKey = ([a]: [string, string], [b]: [string, string]): number => (a < b ? -1 : 1)

const emptyObjects = (names: ReadonlySet<string>): Json =>
  Object.fromEntries([...names].sort().map((name) => [name, {}]))

const text = (value: unknown): string => (typeof value === 'string' ? value : '')

const list = (value: unknown): string[] | null =>
  Array.isArray(value) ? value.filter((item) => typeof item === 'string') : null

const keys = (value: unknown): string[] =>
  typeof value === 'object' && value !== null ? Object.keys(value) : []
