import type { Readable } from 'node:stream'
import { extractArchive, type PathStatus, readPath, statPath } from '../../lib/container/archive.ts'
import { findContainer } from '../../lib/container/catalog.ts'
import { openChanges } from '../../lib/container/changes.ts'
import type { CopyContainer } from '../../lib/container/copy.ts'
import { openExport } from '../../lib/container/export.ts'
import { instantText, shortInstant } from '../../lib/core/instant.ts'
import type { Call } from '../http/call.ts'
import { badRequest } from '../http/errors.ts'
import { goMode } from './go-mode.ts'

const KINDS = { changed: 0, added: 1, deleted: 2 } as const

/** `GET /containers/{id}/changes`: a list that may be long, told as it is read. */
export async function changes({ engine, params, reply, signal }: Call): Promise<void> {
  const container = findContainer(engine.paths.data, params.id ?? '')
  const found = await openChanges(engine, container, signal)
  const answer = reply.stream('application/json')
  let mark = '['
  for await (const some of found) {
    if (some.length === 0) continue
    const told = some.map(({ path, kind }) => JSON.stringify({ Path: path, Kind: KINDS[kind] }))
    await answer.write(`${mark}${told.join(',')}`)
    mark = ','
  }
  await answer.write(mark === '[' ? 'null\n' : ']\n')
  answer.end()
}

/** `GET /containers/{id}/export` */
export async function exportFiles({ engine, params, reply, signal }: Call): Promise<void> {
  const container = findContainer(engine.paths.data, params.id ?? '')
  await send(reply, 'application/octet-stream', await openExport(engine, container, signal))
}

async function send(reply: Call['reply'], type: string, archive: Readable): Promise<void> {
  const answer = reply.stream(type)
  for await (const chunk of archive as AsyncIterable<Buffer>) await answer.write(chunk)
  answer.end()
}

/** The container of the address, and the path in it. Throws 400 without a path, 404. */
function placeOf({ engine, params, query }: Call): { container: CopyContainer; path: string } {
  const path = query.text('path')
  // So they are written.
  if (path === '') throw badRequest('bad parameter: pathcannot be empty')
  const called = params.id ?? ''
  return { container: { ...findContainer(engine.paths.data, called), called }, path }
}

/** `HEAD /containers/{id}/archive` */
export async function stat(call: Call): Promise<void> {
  const { container, path } = placeOf(call)
  describePath(call, await statPath(call.engine, container, path))
  call.reply.empty(200)
}

/** `GET /containers/{id}/archive` */
export async function get(call: Call): Promise<void> {
  const { engine, reply, signal } = call
  const { container, path } = placeOf(call)
  const status = await statPath(engine, container, path)
  const archive = await readPath(engine, container, path, signal)
  describePath(call, status)
  await send(reply, 'application/x-tar', archive)
}

function describePath({ reply }: Call, status: PathStatus): void {
  const document = {
    name: status.name,
    size: status.size,
    mode: goMode(status.mode),
    mtime: shortInstant(instantText(status.modified)),
    linkTarget: status.linkTarget,
  }
  const text = Buffer.from(JSON.stringify(document)).toString('base64')
  reply.header('X-Docker-Container-Path-Stat', text)
}

/** `PUT /containers/{id}/archive` */
export async function put(call: Call): Promise<void> {
  const { engine, query, body, reply, signal } = call
  const { container, path } = placeOf(call)
  await extractArchive(engine, container, path, body.stream, {
    overwrite: !query.bool('noOverwriteDirNonDir'),
    ownedByUser: query.bool('copyUIDGID'),
    signal,
  })
  reply.empty(200)
}
