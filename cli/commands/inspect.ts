import { findContainer } from '../../lib/container/catalog.ts'
import { inspectContainer } from '../../lib/container/inspect.ts'
import { readState } from '../../lib/container/state.ts'
import { LighterError } from '../../lib/core/errors.ts'
import type { Context } from '../context.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `inspect`, `container inspect` and `image inspect`: what is found as one JSON list, then what is not. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const kind = kindOf(parsed)
  const found: unknown[] = []
  const failures: string[] = []
  for (const text of parsed.operands) {
    try {
      found.push(await inspect(context, kind, text))
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      failures.push(describeError(error))
    }
  }
  context.print(JSON.stringify(found, null, 4))
  for (const failure of failures) context.warn(failure)
  return failures.length > 0 ? 1 : 0
}

type Kind = 'container' | 'image' | ''

function kindOf(parsed: Parsed): Kind {
  const word = parsed.name.split(' ')[0]
  if (word === 'container' || word === 'image') return word
  const type = parsed.string('type') ?? ''
  if (type === '' || type === 'container' || type === 'image') return type
  throw new LighterError('bad-input', `"${type}" is not a valid value for --type`)
}

async function inspect({ engine }: Context, kind: Kind, text: string): Promise<unknown> {
  if (kind !== 'image') {
    try {
      const container = findContainer(engine.paths.data, text)
      const state = readState(container.directory)
      return inspectContainer(engine.paths.data, { ...container, state })
    } catch (error) {
      if (kind === 'container' || !isMissing(error)) throw error
    }
  }
  const { inspectImage } = await import('../../lib/image/inspect.ts')
  try {
    return await inspectImage(engine, text)
  } catch (error) {
    if (kind === 'image' || !isMissing(error)) throw error
    throw new LighterError('no-such-object', `No such object: ${text}`)
  }
}

const isMissing = (error: unknown): boolean =>
  error instanceof LighterError &&
  ['no-such-container', 'no-such-image', 'bad-reference'].includes(error.code)
