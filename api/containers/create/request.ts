import { mountOfDocument } from '../../../lib/container/mount-document.ts'
import { isAnonymous, parseBind } from '../../../lib/container/mount-request.ts'
import type { CreateRequest } from '../../../lib/container/request.ts'
import { LighterError } from '../../../lib/core/errors.ts'
import { Fields } from '../../http/fields.ts'
import { readConfig } from './config.ts'
import { readHostOptions, readSupervision } from './host.ts'
import { readConnections } from './networks.ts'

/** What the document of `POST /containers/create` asks for. Throws 400 with Docker's sentences. */
export function readCreateRequest(
  document: Readonly<Record<string, unknown>>,
  name: string,
): CreateRequest {
  const body = new Fields(document, 'CreateRequest')
  const host = body.object('HostConfig')
  const options = readHostOptions(host)
  return {
    ...readConfig(body),
    name: name || undefined,
    groups: host.texts('GroupAdd'),
    autoRemove: host.bool('AutoRemove'),
    startsAtOnce: false,
    binds: [...new Set([...host.texts('Binds'), ...readVolumes(body)])],
    mounts: (options.mounts ?? []).map((mount) => mountOfDocument(mount)),
    tmpfs: host.map('Tmpfs'),
    connections: readConnections(body),
    options,
    init: host.bool('Init'),
    readOnly: host.bool('ReadonlyRootfs'),
    privileged: host.bool('Privileged'),
    capAdd: host.texts('CapAdd'),
    capDrop: host.texts('CapDrop'),
    securityOpt: host.texts('SecurityOpt'),
    runtime: host.text('Runtime') || undefined,
    cidFile: host.text('ContainerIDFile') || undefined,
    ...readSupervision(host),
    consoleSize: readConsoleSize(host),
  }
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
  const [rows = 0, columns = 0] = host.ints('ConsoleSize', 'uint')
  return [rows, columns]
}
