import { findContainer } from '../../lib/container/catalog.ts'
import { commitContainer } from '../../lib/container/commit.ts'
import type { ImageSettings } from '../../lib/image/changes.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { Fields } from '../http/fields.ts'
import { newNameIn } from '../images/new-name.ts'

/** `POST /commit` */
export async function commit({ engine, query, body, reply }: Call): Promise<void> {
  const document = await body.json('ContainerConfigWrapper')
  const config = document && readSettings(new Fields(document, 'ContainerConfigWrapper'))
  const reference = newNameIn(query.text('repo'), query.text('tag'))
  const name = query.text('container')
  if (name === '') throw badRequest('invalid name or ID supplied: ""')
  const container = findContainer(engine.paths.data, name, { asWritten: true })
  const id = await commitContainer(engine, container, {
    author: query.text('author'),
    comment: query.text('comment'),
    changes: query.all('changes').flatMap((text) => text.split('\n')),
    config,
    pause: query.bool('pause', true),
    reference,
  })
  reply.json({ Id: id }, 201)
}

const TEXTS = ['Hostname', 'Domainname', 'User', 'Image', 'WorkingDir', 'StopSignal']
const TRUTHS = ['AttachStdin', 'AttachStdout', 'AttachStderr', 'Tty', 'OpenStdin', 'StdinOnce']
const WORDS = ['Cmd', 'Entrypoint', 'Env', 'Shell', 'OnBuild']
const SETS = ['ExposedPorts', 'Volumes']
const TIMES = ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']

/** The settings that the document names; `undefined` where it names none. Throws 400. */
function readSettings(body: Fields): ImageSettings | undefined {
  const settings: ImageSettings = {}
  for (const name of TEXTS) if (body.text(name) !== '') settings[name] = body.text(name)
  for (const name of TRUTHS) if (body.bool(name)) settings[name] = true
  for (const name of WORDS) if (body.has(name)) settings[name] = body.wordsIfAny(name)
  for (const name of SETS) {
    const keys = body.keys(name)
    if (keys.length > 0) settings[name] = Object.fromEntries(keys.map((key) => [key, {}]))
  }
  if (body.has('Labels')) settings.Labels = body.map('Labels')
  if (body.has('Healthcheck')) settings.Healthcheck = readHealthcheck(body.object('Healthcheck'))
  return Object.keys(settings).length > 0 ? settings : undefined
}

function readHealthcheck(check: Fields): Record<string, unknown> {
  const times = TIMES.map((name) => [name, check.int(name)] as const)
  return {
    ...(check.has('Test') ? { Test: check.texts('Test') } : {}),
    ...Object.fromEntries(times.filter(([, value]) => value !== 0)),
  }
}
