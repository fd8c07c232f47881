import { type ExecFileOptions, execFile } from 'node:child_process'
import { request } from 'node:http'
import { promisify } from 'node:util'

/** What a number of requests, each over a connection of its own, came to. */
export interface Answers {
  /** Answered with 200. */
  ok: number
  /** What went wrong, with how often. */
  errors: Record<string, number>
  /** Milliseconds of one request: the middle one, the slowest but one in a hundred. */
  p50: number
  p99: number
  perSecond: number
}

/** Milliseconds after which a request counts as lost. */
const LIMIT = 30_000

function ask(url: string): Promise<string> {
  return new Promise((resolve) => {
    const sent = request(url, { agent: false, timeout: LIMIT }, (response) => {
      response.resume()
      response.on('end', () => resolve(String(response.statusCode)))
      response.on('error', (error) => resolve(error.message))
    })
    sent.on('timeout', () => sent.destroy(new Error('no answer in time')))
    sent.on('error', (error) => resolve(error.message))
    sent.end()
  })
}

async function askMany(url: string, count: number, atATime: number): Promise<Answers> {
  const times: number[] = []
  const errors: Record<string, number> = {}
  let left = count
  let ok = 0
  const begun = performance.now()
  const worker = async () => {
    while (left-- > 0) {
      const start = performance.now()
      const outcome = await ask(url)
      times.push(performance.now() - start)
      if (outcome === '200') ok++
      else errors[outcome] = (errors[outcome] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: atATime }, worker))
  const seconds = (performance.now() - begun) / 1000
  times.sort((a, b) => a - b)
  const at = (share: number) => Number((times[Math.floor(times.length * share)] ?? 0).toFixed(2))
  return { ok, errors, p50: at(0.5), p99: at(0.99), perSecond: Math.round(count / seconds) }
}

/** Asks from a process of its own; `from` enters the network namespace it is to ask from, as `ip netns exec NAME`. */
export async function requests(
  url: string,
  count: number,
  atATime: number,
  from: string[] = [],
): Promise<Answers> {
  const words = [...from, process.execPath, import.meta.filename, url, `${count}`, `${atATime}`]
  const [program = '', ...args] = words
  const options: ExecFileOptions = { env: { PATH: process.env.PATH } }
  const { stdout } = await promisify(execFile)(program, args, options)
  return JSON.parse(String(stdout))
}

const [, script, url, count, atATime] = process.argv
if (script === import.meta.filename && url)
  console.log(JSON.stringify(await askMany(url, Number(count), Number(atATime))))
