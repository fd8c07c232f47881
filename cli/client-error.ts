import { LighterError } from '../lib/core/errors.ts'

/**
 * Does what Docker's client does without its daemon: what goes wrong is told in its own words, with nothing in front of it but `mark`.
 * Troubles of the host are nobody's words.
 */
export async function withoutDaemon<Result>(
  work: () => Promise<Result> | Result,
  mark = '',
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof LighterError) || OWN.has(error.code)) throw error
    const hint = error.hint === undefined ? {} : { hint: error.hint }
    throw new LighterError('usage', mark + error.message, { cause: error, ...hint })
  }
}

const OWN: ReadonlySet<string> = new Set(['host-setup', 'native', 'no-space', 'state-format'])
