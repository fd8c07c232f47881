import { sortMembers } from '../core/labels.ts'
import { applyChanges, type ImageSettings } from '../image/changes.ts'
import { nameOf } from './spec/process.ts'

const isEmpty = (list: unknown): boolean => !Array.isArray(list) || list.length === 0

/** The settings of a container with changes. Those that leave an image nothing to run take what the container has. */
export function changedSettings(own: ImageSettings, changes: readonly string[]): ImageSettings {
  const settings = applyChanges(own, changes)
  const { Entrypoint, Cmd } = settings
  if (!isEmpty(Entrypoint)) return settings
  return {
    ...settings,
    Cmd: isEmpty(Cmd) ? own.Cmd : Cmd,
    Entrypoint: Entrypoint ?? own.Entrypoint,
  }
}

/** What Docker's documents say of settings that nobody made. */
const NOTHING: ImageSettings = {
  Hostname: '',
  Domainname: '',
  User: '',
  AttachStdin: false,
  AttachStdout: false,
  AttachStderr: false,
  Tty: false,
  OpenStdin: false,
  StdinOnce: false,
  Image: '',
  WorkingDir: '',
  OnBuild: null,
}

/** Settings that somebody sent, with the container's where there are none: as Docker fills those of a container with its image's. */
export function fillSettings(settings: ImageSettings, own: ImageSettings): ImageSettings {
  const filled: ImageSettings = { ...NOTHING, ...settings, Env: fillEnvironment(settings, own) }
  for (const key of ['User', 'WorkingDir', 'StopSignal']) {
    const value = settings[key] || own[key]
    if (value) filled[key] = value
  }
  for (const key of ['ExposedPorts', 'Volumes', 'Labels']) {
    const both = { ...members(own[key]), ...members(settings[key]) }
    filled[key] = Object.keys(both).length > 0 ? sortMembers(both) : null
  }
  if (isEmpty(settings.Entrypoint)) {
    filled.Cmd = isEmpty(settings.Cmd) ? own.Cmd : settings.Cmd
    filled.Entrypoint = settings.Entrypoint ?? own.Entrypoint
  }
  const check = fillHealthcheck(members(settings.Healthcheck), members(own.Healthcheck))
  if (check) filled.Healthcheck = check
  return filled
}

function fillEnvironment(settings: ImageSettings, own: ImageSettings): string[] | null {
  const sent = texts(settings.Env)
  const named = new Set(sent.map(nameOf))
  const all = [...sent, ...texts(own.Env).filter((entry) => !named.has(nameOf(entry)))]
  return all.length > 0 ? all : null
}

function fillHealthcheck(
  sent: Record<string, unknown>,
  own: Record<string, unknown>,
): Record<string, unknown> | undefined {
  const given = Object.entries(sent).filter(([, value]) => value !== 0 && !isEmptyList(value))
  const check = { ...own, ...Object.fromEntries(given) }
  return Object.keys(check).length > 0 ? check : undefined
}

const isEmptyList = (value: unknown): boolean => Array.isArray(value) && value.length === 0

const members = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {}

const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : []
