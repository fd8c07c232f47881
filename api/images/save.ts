import { Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { LighterError } from '../../lib/core/errors.ts'
import { saveImages } from '../../lib/image/save.ts'
import { atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'
import type { AnswerStream, Reply } from '../http/reply.ts'
import { platformIn } from './platform.ts'

/** `GET /images/{name}/get`: an archive of one image. */
export const saveOne = (call: Call): Promise<void> => save(call, [call.params.name ?? ''])

/** `GET /images/get?names=…`: one archive of several. */
export const saveMany = (call: Call): Promise<void> => save(call, call.query.all('names'))

async function save(
  { engine, version, query, reply, signal }: Call,
  images: string[],
): Promise<void> {
  const platform = atLeast(version, 48) ? platformIn(query) : undefined
  const { output, finish } = lateAnswer(reply)
  try {
    await saveImages(engine, { images, platform, output })
    await finish()
  } catch (error) {
    if (!signal.aborted) throw asDocker(error)
  }
}

/** An answer that begins with its first byte: until then what fails is one of its own. */
function lateAnswer(reply: Reply): { output: Writable; finish: () => Promise<void> } {
  let answer: AnswerStream | undefined
  const begin = () => {
    answer = reply.stream('application/x-tar')
    answer.writable.once('close', () => output.destroy())
    return answer
  }
  const output: Writable = new Writable({
    write: (chunk, _, done) => void (answer ?? begin()).writable.write(chunk, done),
  })
  const finish = async () => {
    // What it still holds comes first.
    output.end()
    await finished(output)
    ;(answer ?? begin()).end()
  }
  return { output, finish }
}

function asDocker(error: unknown): unknown {
  const isMissing = error instanceof LighterError && error.message === 'reference does not exist'
  return isMissing ? new ApiError(404, error.message) : error
}
