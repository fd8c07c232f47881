import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { performance } from 'node:perf_hooks'

export interface Answered {
  status: number
  text: string
}

/** A client of an engine's API that keeps its connections. */
export class ApiClient {
  readonly #socketPath: string
  readonly #agent: Agent

  constructor(socketPath: string, connections = 1) {
    this.#socketPath = socketPath
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  close(): void {
    this.#agent.destroy()
  }

  /** One request; `body`: sent as JSON, or as an archive where it is a list of pieces. Throws for a status of 400 and more. */
  async ask(method: string, path: string, body?: object | Buffer[]): Promise<Answered> {
    const pieces = Array.isArray(body) ? body : body ? [Buffer.from(JSON.stringify(body))] : []
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
    const headers = {
      'Content-Type': Array.isArray(body) ? 'application/x-tar' : 'application/json',
      'Content-Length': length,
    }
    const answer = await new Promise<Answered>((resolve, reject) => {
      const sent = request(
        { socketPath: this.#socketPath, agent: this.#agent, method, path, headers },
        (response) => {
          let text = ''
          response.setEncoding('utf8').on('data', (chunk) => {
            text += chunk
          })
          response.on('end', () => resolve({ status: response.statusCode ?? 0, text }))
          response.on('error', reject)
        },
      )
      sent.on('error', reject)
      const next = (index: number): void => {
        const piece = pieces[index]
        if (piece) sent.write(piece, () => next(index + 1))
        else sent.end()
      }
      next(0)
    })
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`)
    return answer
  }

  /**
   * Attaches to a container that waits for a line, sends it, and reads all that follows. Returns bytes and milliseconds from the
   * line to the end.
   */
  async drain(id: string): Promise<{ bytes: number; milliseconds: number }> {
    const socket = connect(this.#socketPath)
    const query = 'stream=1&stdin=1&stdout=1&stderr=1'
    socket.write(
      `POST /v1.41/containers/${id}/attach?${query} HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n`,
    )
    await new Promise((resolve) => socket.once('data', resolve))
    const begun = performance.now()
    socket.write('\n')
    let bytes = 0
    await new Promise<void>((resolve, reject) => {
      socket.on('data', (chunk) => {
        bytes += chunk.length
      })
      socket.on('end', resolve)
      socket.on('error', reject)
    })
    socket.destroy()
    return { bytes, milliseconds: performance.now() - begun }
  }
}

/** Waits until a service answers; asks again at once as long as nobody listens. */
export async function untilAnswered(socketPath: string): Promise<void> {
  for (;;) {
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect(socketPath)
      socket.once('connect', () => socket.write('GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n'))
      socket.once('data', () => {
        socket.destroy()
        resolve(true)
      })
      socket.once('error', () => resolve(false))
    })
    if (answered) return
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}
