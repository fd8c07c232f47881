import { request } from 'node:http'
import { isOfHost, normaliseMessage } from './normalise.ts'
import { type ApiAnswer, type ApiCase, nameOf } from './suite.ts'

/** What the cases find in an engine, by the names that they have for it. */
export type Prepared = Record<string, string>

export interface RawAnswer {
  status: number
  type: string
  text: string
}

/** Milliseconds that an answer may take. */
const LIMIT = 20_000

/** One request on a connection of its own. Of a raw stream only the head is waited for. */
export function send(
  socketPath: string,
  ask: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<RawAnswer> {
  const [method = '', path = ''] = ask.split(/ (.*)/s)
  const bytes = bytesOf(body)
  const about = {
    Host: 'docker',
    ...(bytes
      ? { 'Content-Length': String(bytes.length), 'Content-Type': 'application/json' }
      : {}),
    ...headers,
  }
  const kept = Object.fromEntries(Object.entries(about).filter(([, value]) => value !== ''))
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath, method, path: versioned(path), headers: kept, agent: false, timeout: LIMIT },
      (response) => {
        const type = String(response.headers['content-type'] ?? '')
        const answer = { status: response.statusCode ?? 0, type, text: '' }
        const chunks: Buffer[] = []
        response.on('error', reject)
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () => resolve({ ...answer, text: Buffer.concat(chunks).toString() }))
        if (type.includes('-stream') && answer.status < 400) {
          resolve(answer)
          response.removeAllListeners('error').on('error', () => {})
          sent.destroy()
        }
      },
    )
    sent.on('upgrade', (response, socket) => {
      socket.destroy()
      resolve({ status: response.statusCode ?? 0, type: '', text: '' })
    })
    sent.on('timeout', () => sent.destroy(new Error(`${ask}: no answer`)))
    sent.on('error', reject)
    sent.end(bytes)
  })
}

const versioned = (path: string): string =>
  /^\/v\w/.test(path) && !path.startsWith('/volumes') && !path.startsWith('/version')
    ? path
    : `/v1.45${path}`

const bytesOf = (body: unknown): Buffer | undefined => {
  if (body === undefined || Buffer.isBuffer(body)) return body
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body))
}

/** Asks a case, removes what it made, and returns what is compared of the answer. */
export async function askCase(
  socket: string,
  prepared: Prepared,
  wanted: ApiCase,
): Promise<ApiAnswer> {
  const fill = (text: string) =>
    text.replace(/\{(\w+)\}/g, (all, name: string) => prepared[name] ?? all)
  for (const ask of wanted.before ?? []) await send(socket, fill(ask))
  const ask = fill(wanted.ask)
  const body = typeof wanted.body === 'string' ? wanted.body : withNames(wanted.body, fill)
  const answer = await send(socket, ask, body, wanted.headers).catch((error: Error) => {
    throw new Error(`${nameOf(wanted)}: ${error.message}`)
  })
  for (const later of wanted.after ?? []) await send(socket, fill(later))
  await removeMade(socket, ask, answer)
  return compared(answer)
}

const withNames = (body: unknown, fill: (text: string) => string): unknown =>
  body === undefined ? undefined : JSON.parse(fill(JSON.stringify(body)))

async function removeMade(socket: string, ask: string, { status, text }: RawAnswer): Promise<void> {
  if (status !== 201 || !/\/create/.test(ask)) return
  const { Id, Name } = JSON.parse(text)
  if (ask.includes('/containers/create')) await send(socket, `DELETE /containers/${Id}?force=1&v=1`)
  if (ask.includes('/networks/create')) await send(socket, `DELETE /networks/${Id}`)
  if (ask.includes('/volumes/create')) await send(socket, `DELETE /volumes/${Name}`)
}

function compared({ status, type, text }: RawAnswer): ApiAnswer {
  if (status >= 400) return { status, message: normaliseMessage(messageOf(text)) }
  const documents = /json/.test(type) ? documentsOf(text) : []
  const errors = documents.flatMap((document) =>
    typeof document?.error === 'string' ? [normaliseMessage(document.error)] : [],
  )
  if (errors.length > 0) return { status, errors }
  if (documents.length !== 1) return { status }
  const whole: unknown = documents[0]
  const [first] = Array.isArray(whole) ? whole : [whole]
  if (typeof first !== 'object' || first === null) return { status }
  const said: string[] = Array.isArray(first.Warnings) ? first.Warnings : []
  const warnings = said.filter((warning) => !isOfHost(warning)).map(normaliseMessage)
  return {
    status,
    members: Object.keys(first).sort(),
    ...(warnings.length > 0 ? { warnings } : {}),
  }
}

function messageOf(text: string): string {
  try {
    return String(JSON.parse(text).message)
  } catch {
    return text
  }
}

/** One document, or one a line. */
// biome-ignore lint/suspicious/noExplicitAny: single members are looked at
function documentsOf(text: string): any[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => JSON.parse(line))
}
