import { type ErrorCode, LighterError } from '../../../lib/core/errors.ts'
import { DockerfileError } from '../../../lib/dockerfile/errors.ts'
import { writeErr } from '../write.ts'

/** What is wrong before there is a build; buildx says it without more words. */
const BEFORE: ReadonlySet<ErrorCode> = new Set([
  'usage',
  'bad-input',
  'bad-reference',
  'bad-image-name',
  'bad-platform',
  'unsupported',
  // The host's own troubles are nobody's words.
  'host-setup',
  'native',
  'state-format',
])

const PREFIX = 'failed to solve: '

/**
 * Does what belongs to a build, and has what goes wrong end as buildx ends it: where an error comes from lines of a Dockerfile, they are
 * shown on standard error; what a build throws is called so. Faults of ours stay what they are.
 */
export async function inBuildWords<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    if (error instanceof DockerfileError) await showExcerpt(error)
    if (BEFORE.has(error.code)) throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    const code = error.code === 'no-space' ? 'build' : error.code
    throw new LighterError(code, `${PREFIX}${error.message}`, { cause: error, ...hint })
  }
}

async function showExcerpt({ location, source }: DockerfileError): Promise<void> {
  if (!location || !source) return
  const { excerpt } = await import('../../../lib/dockerfile/excerpt.ts')
  const shown = excerpt(source.lines, source.name, location)
  if (shown !== '') writeErr(`${shown}\n`)
}
