import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type BadImages, digestOf, MANIFEST, type Served } from '../fixtures/bad-images.ts'

export interface BadRegistry {
  host: string
  seen: string[]
  stop: () => Promise<void>
}

const BLANKS = Buffer.alloc(1024 * 1024, ' ')

/** A registry that holds what no real one takes. */
export async function startBadRegistry(
  { repositories, blobs }: Pick<BadImages, 'repositories' | 'blobs'>,
  port = 0,
): Promise<BadRegistry> {
  const seen: string[] = []
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url}`)
    response.on('error', () => undefined)
    const [, name = '', kind, selector = ''] =
      /^\/v2\/([^/]+)\/(manifests|blobs)\/(.+)$/.exec(request.url ?? '') ?? []
    const served = repositories[name]
    if (request.url === '/v2/') return void response.end('{}')
    const bytes = blobs.get(selector)
    const own = served?.blobs?.[selector]
    if (own) return void response.writeHead(own.status, own.headers).end(own.body)
    if (kind === 'manifests' && served && !bytes) return sendManifest(served, response)
    if (!served || !bytes) return void response.writeHead(404).end('{"errors":[]}')
    const type = kind === 'blobs' ? 'application/octet-stream' : typeOf(bytes)
    response.writeHead(200, { 'content-type': type, 'content-length': bytes.length }).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return { host, seen, stop }
}

const typeOf = (bytes: Buffer): string => {
  const { mediaType } = JSON.parse(bytes.toString('utf8')) as { mediaType?: string }
  return mediaType ?? MANIFEST
}

function sendManifest(served: Served, response: ServerResponse): void {
  const { status = 200, mediaType = MANIFEST, headers = {}, body } = served
  const length = typeof body === 'number' ? body : Buffer.byteLength(body)
  const type = status === 200 ? mediaType : 'application/json'
  const digest =
    status === 200 && typeof body === 'string' ? { 'docker-content-digest': digestOf(body) } : {}
  response.writeHead(status, {
    ...{ 'content-type': type, 'content-length': length },
    ...digest,
    ...headers,
  })
  if (typeof body === 'string') return void response.end(body)
  let left = body
  const more = (): void => {
    while (left > 0 && !response.destroyed) {
      left -= BLANKS.length
      if (!response.write(BLANKS)) return void response.once('drain', more)
    }
    response.end()
  }
  more()
}
