import { closeSync, constants, openSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { lazyNet } from '../core/lazy.ts'
import { failureError, parseReports } from './native.ts'
import type { EndpointPlan, PortPlan } from './plan.ts'

export interface ExitReport {
  exitCode: number
  signal: number
  oomKilled: boolean
}

const HEADER = 8
/** The longest payload of a frame, in bytes. */
export const MAX_PAYLOAD = 65536

/**
 * Puts a container on a network, takes it off the one with that id, says what it is called on those with these ids, or changes
 * its published ports (`number` 0: all that lead there). `links`: what it calls others from now on, as in the plan.
 */
export type NetworkChange =
  | { connect: EndpointPlan; links: Record<string, string[]> }
  /** `route`: the network that is the way out afterwards. */
  | { disconnect: string; route?: string; links: Record<string, string[]> }
  | { names: Record<string, string[]> }
  | { publish: PortPlan[]; unpublish: { protocol: string; port: number; number: number }[] }

/** A connection to the monitor of a running container; without an attach frame it carries events only. */
export class Control implements Disposable {
  readonly #socket: Socket
  #bytes = Buffer.alloc(0)
  readonly #exit: Promise<ExitReport | undefined>
  readonly #run: Promise<ExitReport | undefined>
  #answered: ((text: string | undefined) => void) | undefined
  #hasStarted = false

  private constructor(socket: Socket) {
    this.#socket = socket
    let endRun: (report: ExitReport) => void = () => undefined
    const restarts = new Promise<ExitReport>((resolve) => {
      endRun = resolve
    })
    this.#exit = new Promise((resolve) => {
      socket.on('data', (chunk: Buffer) => {
        this.#bytes = Buffer.concat([this.#bytes, chunk])
        for (let frame = this.#take(); frame; frame = this.#take()) {
          if (frame.type === 'P') this.#hasStarted = true
          if (frame.type === 'X') resolve(exitOf(frame.payload))
          if (frame.type === 'G') endRun(exitOf(frame.payload))
          if (frame.type === 'F') resolve(undefined)
          if (frame.type === 'Y') this.#answered?.(frame.payload.toString('utf8'))
        }
      })
      socket.on('close', () => {
        this.#answered?.(undefined)
        resolve(undefined)
      })
      socket.on('error', () => resolve(undefined))
    })
    this.#run = Promise.race([this.#exit, restarts])
  }

  /** Connects; `undefined` when nobody listens. */
  static async open(runtime: string, id: string): Promise<Control | undefined> {
    const socket = await openSocket(runtime, id)
    return socket && new Control(socket)
  }

  /** Over a connection that there is already, of which nothing has been read. */
  static over(socket: Socket): Control {
    return new Control(socket)
  }

  /** Whether the monitor has said that the container's process runs. */
  get hasStarted(): boolean {
    return this.#hasStarted
  }

  /** Sends a signal to the container's first process. */
  signal(number: number): void {
    this.#socket.write(frame('S', Buffer.from([number])))
  }

  /** The same as the wish for the container's end: it is not started again. */
  stop(number: number): void {
    this.#socket.write(frame('S', Buffer.from([number, 1])))
  }

  /** Stops all processes of the container for a while, or lets them go on. Throws what kept them from it. */
  async pause(paused: boolean): Promise<void> {
    await this.#ask('Z', Buffer.from([paused ? 1 : 0]))
  }

  /** Changes the networks of the running container. Throws what kept it from that. */
  async changeNetwork(change: NetworkChange): Promise<void> {
    await this.#ask('N', Buffer.from(JSON.stringify(change)))
  }

  async #ask(type: string, payload: Buffer): Promise<void> {
    const answer = new Promise<string | undefined>((resolve) => {
      this.#answered = resolve
    })
    this.#socket.write(frame(type, payload))
    const [report] = parseReports((await answer) ?? '')
    if (report?.event === 'failed') throw failureError(report)
    if (report?.event !== 'done') {
      throw new LighterError('not-running', 'The monitor ended meanwhile')
    }
  }

  resize(rows: number, columns: number): void {
    const payload = Buffer.alloc(4)
    payload.writeUInt16BE(rows, 0)
    payload.writeUInt16BE(columns, 2)
    this.#socket.write(frame('R', payload))
  }

  /** Resolves when everything sent so far is with the kernel. */
  async sent(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(() => resolve()))
  }

  /** The end of the container; `undefined` when the connection broke before. */
  exit(): Promise<ExitReport | undefined> {
    return this.#exit
  }

  /** The end of the present run, which its restart policy may let follow by another; `undefined` as for `exit`. */
  runEnd(): Promise<ExitReport | undefined> {
    return this.#run
  }

  [Symbol.dispose](): void {
    this.#socket.destroy()
  }

  #take(): { type: string; payload: Buffer } | undefined {
    if (this.#bytes.length < HEADER) return undefined
    const length = this.#bytes.readUInt32BE(4)
    if (length > MAX_PAYLOAD) {
      this.#socket.destroy(new LighterError('native', 'The monitor sent a malformed frame'))
      return undefined
    }
    if (this.#bytes.length < HEADER + length) return undefined
    const type = String.fromCharCode(this.#bytes[0] ?? 0)
    const payload = this.#bytes.subarray(HEADER, HEADER + length)
    this.#bytes = this.#bytes.subarray(HEADER + length)
    return { type, payload }
  }
}

/** A connection to the monitor of a container; `undefined` when nobody listens. */
export async function openSocket(runtime: string, id: string): Promise<Socket | undefined> {
  const sockets = openDirectory(join(runtime, 'containers'))
  if (sockets === undefined) return undefined
  try {
    // The name of a socket has 108 bytes at most; a runtime directory may have more.
    const socket = lazyNet().connect(`/proc/self/fd/${sockets}/${id}.sock`)
    return await new Promise((resolve) => {
      socket.once('connect', () => resolve(socket))
      socket.once('error', () => resolve(undefined))
    })
  } finally {
    closeSync(sockets)
  }
}

const exitOf = (payload: Buffer): ExitReport => JSON.parse(payload.toString('utf8')) as ExitReport

function openDirectory(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY)
  } catch {
    return undefined // wiped: nobody listens there any more
  }
}

/** One message of the protocol in docs/native-protocol.md. */
export function frame(type: string, payload: Buffer): Buffer {
  return Buffer.concat([frameHeader(type, payload.length), payload])
}

/** What comes before the payload of such a message. */
export function frameHeader(type: string, length: number): Buffer {
  const header = Buffer.alloc(HEADER)
  header.write(type, 0, 'latin1')
  header.writeUInt32BE(length, 4)
  return header
}
