import { mountOfDocument } from '../../../lib/container/mount-document.ts'
import { isAnonymous, parseBind } from '../../../lib/container/mount-request.ts'
import type { CreateRequest } from '../../../lib/container/request.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { type ApiVersion, NEWEST_API } from '../../http/api-version.ts'
import { Fields } from '../../http/fields.ts'
import { readConfig } from './config.ts'
import { readHostOptions, readSupervision } from './host.ts'
import { readConnections } from './networks.ts'

/** What the document of `POST /containers/create` asks for. Throws 400 with Docker's sentences. `version`: the client's. */
export function readCreateRequest(
  document: Readonly<Record<string, unknown>>,
  name: string,
  version: ApiVersion = NEWEST_API,
): CreateRequest {
  const body = new Fields(document, 'CreateRequest')
  const host = body.object('HostConfig')
  const options = readHostOptions(host)
  // Docker's engine itself fills it in, and reads it nowhere.
  host.text('Cgroup', 'CgroupSpec')
  return {
    ...readConfig(body),
    name: name || undefined,
    groups: host.texts('GroupAdd'),
    autoRemove: host.bool('AutoRemove'),
    startsAtOnce: false,
    binds: [...new Set([...host.texts('Binds').map(checkBind), ...readVolumes(body)])],
    mounts: (options.mounts ?? []).map((mount) => mountOfDocument(mount)),
    tmpfs: host.map('Tmpfs'),
    connections: readConnections(body, version),
    options,
    init: host.bool('Init'),
    readOnly: host.bool('ReadonlyRootfs'),
    privileged: host.bool('Privileged'),
    capAdd: host.wordsIfAny('CapAdd') ?? [],
    capDrop: host.wordsIfAny('CapDrop') ?? [],
    securityOpt: host.texts('SecurityOpt'),
    runtime: host.text('Runtime') || undefined,
    cidFile: host.text('ContainerIDFile') || undefined,
    ...readSupervision(host),
    consoleSize: readConsoleSize(host),
  }
}

/** What has no source is a volume of its own at an absolute path. */
function checkBind(text: string): string {
  if (text.startsWith('/') || text.includes(':')) return text
  const spec = `invalid volume specification: '${text}'`
  if (text === '') throw new LighterError('bad-input', spec)
  throw new LighterError(
    'bad-input',
    `${spec}: invalid mount config for type "volume": invalid mount path: '${text}' mount path must be absolute`,
  )
}

/** Volumes of their own for these directories, as `-v /path` makes them. */
function readVolumes(body: Fields): string[] {
  const paths = body.keys('Volumes')
  const wrong = paths.find((path) => !isAnonymous(path))
  if (wrong === undefined) return paths
  // What is wrong with it as a bind says more.
  parseBind(wrong)
  throw new LighterError('bad-input', `invalid volume specification: '${wrong}'`)
}

function readConsoleSize(host: Fields): [number, number] {
  const [rows = 0, columns = 0] = host.ints('ConsoleSize', 'uint', '[2]uint')
  return [rows, columns]
}
