import type { IncomingMessage } from 'node:http'

/** Bytes of a body that are read though nobody wants them, and milliseconds that they are waited for: as much as Go's server reads. */
const LIMIT = 256 * 1024
const IDLE = 1000

/**
 * Reads what is left of a request, as Go's server does before it answers: clients send all of a small body, and tell of a
 * pipe that breaks when the answer comes first. Returns after `LIMIT` bytes, or when nothing comes for `IDLE`.
 */
export async function readRest(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return
  await new Promise<void>((resolve) => {
    let left = LIMIT
    const timer = setTimeout(end, IDLE)
    function take(chunk: Buffer): void {
      left -= chunk.length
      if (left <= 0) end()
      else timer.refresh()
    }
    function end(): void {
      clearTimeout(timer)
      request.off('data', take).off('end', end).off('close', end).off('error', end)
      resolve()
    }
    request.on('data', take).on('end', end).on('close', end).on('error', end)
    request.resume()
  })
}
