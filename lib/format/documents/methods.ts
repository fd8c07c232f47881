import type { Extra } from '../go-types.ts'
import { bool, type GoMethod, int, string } from '../values.ts'

type Methods = Readonly<Record<string, GoMethod>>
type Answers = Readonly<Record<string, (text: string) => boolean | number | string>>

const CONTAINER = 'container:'
const isContainer = (mode: string): boolean => mode.startsWith(CONTAINER)
const containerOf = (mode: string): string =>
  isContainer(mode) ? mode.slice(CONTAINER.length) : ''
const isNamedContainer = (mode: string): boolean => containerOf(mode) !== ''
const isOneOf =
  (...values: readonly string[]) =>
  (mode: string): boolean =>
    values.includes(mode)
const isHost = isOneOf('host')
const isPrivate = (mode: string): boolean => !isHost(mode) && !isContainer(mode)

const isUserDefined = (mode: string): boolean =>
  !isContainer(mode) && !['default', 'bridge', 'host', 'none'].includes(mode)

const HOST_OR_PRIVATE: Answers = {
  IsHost: isHost,
  IsPrivate: (mode) => !isHost(mode),
  Valid: isOneOf('', 'host'),
}

/** `80/tcp`: number and protocol, which is TCP where none is said. */
function splitPort(port: string): { number: string; protocol: string } {
  const [number = '', protocol = ''] = port.split('/')
  return { number, protocol: number && (protocol || 'tcp') }
}

const TEXTS: Readonly<Record<string, Answers>> = {
  'container.NetworkMode': {
    ConnectedContainer: containerOf,
    IsBridge: isOneOf('bridge'),
    IsContainer: isContainer,
    IsDefault: isOneOf('default'),
    IsHost: isHost,
    IsNone: isOneOf('none'),
    IsPrivate: isPrivate,
    IsUserDefined: isUserDefined,
    NetworkName: (mode) => (isContainer(mode) ? 'container' : mode),
    UserDefined: (mode) => (isUserDefined(mode) ? mode : ''),
  },
  'container.IpcMode': {
    Container: containerOf,
    IsContainer: isContainer,
    IsEmpty: isOneOf(''),
    IsHost: isHost,
    IsNone: isOneOf('none'),
    IsPrivate: isOneOf('private'),
    IsShareable: isOneOf('shareable'),
    Valid: (mode) =>
      ['', 'none', 'private', 'shareable', 'host'].includes(mode) || isNamedContainer(mode),
  },
  'container.PidMode': {
    Container: containerOf,
    IsContainer: isContainer,
    IsHost: isHost,
    IsPrivate: isPrivate,
    Valid: (mode) => ['', 'host'].includes(mode) || isNamedContainer(mode),
  },
  'container.UTSMode': HOST_OR_PRIVATE,
  'container.UsernsMode': HOST_OR_PRIVATE,
  'container.CgroupnsMode': {
    IsEmpty: isOneOf(''),
    IsHost: isHost,
    IsPrivate: isOneOf('private'),
    Valid: isOneOf('', 'private', 'host'),
  },
  'container.CgroupSpec': {
    Container: containerOf,
    IsContainer: isContainer,
    Valid: (spec) => spec === '' || isNamedContainer(spec),
  },
  'container.Isolation': {
    IsDefault: (isolation) => ['', 'default'].includes(isolation.toLowerCase()),
    IsHyperV: (isolation) => isolation.toLowerCase() === 'hyperv',
    IsProcess: (isolation) => isolation.toLowerCase() === 'process',
  },
  'nat.Port': {
    Int: (port) => Number(splitPort(port).number),
    Port: (port) => splitPort(port).number,
    Proto: (port) => splitPort(port).protocol,
  },
}

const POLICY: Answers = {
  IsAlways: isOneOf('always'),
  IsNone: isOneOf('', 'no'),
  IsOnFailure: isOneOf('on-failure'),
  IsUnlessStopped: isOneOf('unless-stopped'),
}

function methodsOf(answers: Answers, textOf: (data: unknown) => string): Methods {
  return Object.fromEntries(
    Object.entries(answers).map(([name, answer]) => {
      const call: GoMethod['call'] = (data) => {
        const value = answer(textOf(data))
        if (typeof value === 'boolean') return bool(value)
        return typeof value === 'number' ? int(value) : string(value)
      }
      return [name, { parameters: [], call }]
    }),
  )
}

const textIn = (data: unknown): string => (typeof data === 'string' ? data : '')

const memberIn = (data: unknown, key: string): unknown =>
  typeof data === 'object' && data !== null ? (data as Record<string, unknown>)[key] : undefined

/** `nofile=1024:2048`: how Docker's client shows a limit, in `String` and wherever it prints one. */
const ulimitText = (data: unknown): string =>
  `${memberIn(data, 'Name')}=${memberIn(data, 'Soft')}:${memberIn(data, 'Hard')}`

/**
 * The methods that the types of a container's document have in Docker's client, for templates like
 * `{{.HostConfig.NetworkMode.IsHost}}` and `{{range $p, $b := .NetworkSettings.Ports}}{{$p.Port}}{{end}}`.
 */
export const documentExtras = (): Readonly<Record<string, Extra>> => ({
  ...Object.fromEntries(
    Object.entries(TEXTS).map(([name, answers]) => [name, { methods: methodsOf(answers, textIn) }]),
  ),
  'container.RestartPolicy': {
    methods: methodsOf(POLICY, (data) => textIn(memberIn(data, 'Name'))),
  },
  'units.Ulimit': {
    methods: { String: { parameters: [], call: (data) => string(ulimitText(data)) } },
    text: ulimitText,
  },
})
