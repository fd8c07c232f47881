import type { CreateRequest } from '../../../lib/container/request.ts'
import type { Healthcheck } from '../../../lib/container/supervision.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import type { Fields } from '../../http/fields.ts'

type Config = Pick<
  CreateRequest,
  | 'image'
  | 'command'
  | 'entrypoint'
  | 'env'
  | 'labels'
  | 'user'
  | 'workingDir'
  | 'hostname'
  | 'domainname'
  | 'tty'
  | 'openStdin'
  | 'stdinOnce'
  | 'attach'
  | 'stopSignal'
  | 'stopTimeout'
  | 'noHealthcheck'
  | 'health'
  | 'shell'
>

const MEMBERS: ReadonlySet<string> = new Set(
  (
    'hostname domainname user attachstdin attachstdout attachstderr exposedports tty openstdin stdinonce env cmd healthcheck ' +
    'argsescaped image volumes workingdir entrypoint networkdisabled macaddress onbuild labels stopsignal stoptimeout shell'
  ).split(' '),
)

/** Whether a document says anything of the process. */
export const isConfig = (document: object): boolean =>
  Object.keys(document).some((name) => MEMBERS.has(name.toLowerCase()))

/** What a request says of the process: `Config` of Docker's documents, without volumes and ports. Throws 400. */
export function readConfig(body: Fields): Config {
  const stopTimeout = body.intIfAny('StopTimeout', 'int')
  const shell = body.wordsIfAny('Shell') ?? []
  // Triggers belong to images: those of a container are nobody's.
  body.texts('OnBuild')
  return {
    image: body.text('Image'),
    command: body.wordsIfAny('Cmd') ?? [],
    entrypoint: body.wordsIfAny('Entrypoint'),
    env: readEnvironment(body),
    labels: body.map('Labels'),
    user: body.text('User') || undefined,
    workingDir: body.text('WorkingDir') || undefined,
    hostname: body.text('Hostname') || undefined,
    domainname: body.text('Domainname') || undefined,
    tty: body.bool('Tty'),
    openStdin: body.bool('OpenStdin'),
    stdinOnce: body.bool('StdinOnce'),
    attach: {
      stdin: body.bool('AttachStdin'),
      stdout: body.bool('AttachStdout'),
      stderr: body.bool('AttachStderr'),
    },
    stopSignal: body.text('StopSignal') || undefined,
    stopTimeout,
    noHealthcheck: false,
    ...readHealth(body),
    ...(shell.length > 0 ? { shell } : {}),
  }
}

/** Of a variable that is said twice the last one counts. Throws `bad-input` for one without a name. */
function readEnvironment(body: Fields): string[] {
  const entries = body.texts('Env')
  const nameless = entries.find((entry) => entry === '' || entry.startsWith('='))
  if (nameless !== undefined) {
    throw new LighterError('bad-input', `invalid environment variable: ${nameless}`)
  }
  return entries
}

const TIMES = {
  interval: 'Interval',
  timeout: 'Timeout',
  startPeriod: 'StartPeriod',
  startInterval: 'StartInterval',
  retries: 'Retries',
} as const

/** Only what is said of the health check: the rest is the image's. */
function readHealth(body: Fields): Pick<CreateRequest, 'health'> {
  if (!body.has('Healthcheck')) return {}
  const fields = body.object('Healthcheck', 'v1.HealthcheckConfig')
  const health: Partial<Healthcheck> = {}
  const test = fields.texts('Test')
  if (test.length > 0) health.test = test
  for (const [key, name] of Object.entries(TIMES) as [keyof typeof TIMES, string][]) {
    const value = fields.int(name, key === 'retries' ? 'int' : 'time.Duration')
    if (value < 0 && key === 'retries') {
      throw new LighterError('bad-input', 'Retries in Healthcheck cannot be negative')
    }
    if (value !== 0) health[key] = value
  }
  return { health }
}
