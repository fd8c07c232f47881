import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { failureError, parseReports } from './native.ts'
import type { UserNamespace } from './userns.ts'

/** What is taken out of sight, and where it goes: a place in the trash. */
export interface Move {
  from: string
  to: string
}

/**
 * Takes a container that does not run, and what belongs to it, out of sight under the lock that its monitor would hold; then removes the
 * trees. `onMoved` is called as soon as a thing is out of sight; what was not there is passed over. `patience`: seconds after which a
 * monitor is ended whose start of the container hangs; without it that is waited for. Throws `already-running`.
 */
export async function discardContainer(
  { program, idMap }: UserNamespace,
  directory: string,
  moves: readonly Move[],
  onMoved: (move: Move) => void,
  patience?: number,
): Promise<void> {
  const child = lazyChildProcess().spawn(
    program,
    [
      'remove',
      ...['--id-map', JSON.stringify(idMap), '--container', directory],
      ...(patience === undefined ? [] : ['--patience', String(patience)]),
      ...['--moves', String(moves.length), '--', ...moves.flatMap(({ from, to }) => [from, to])],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let rest = ''
  let failed: LighterError | undefined
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n')
    rest = lines.pop() ?? ''
    for (const report of parseReports(lines.join('\n'))) {
      if (report.event === 'failed') failed = failureError(report)
      const move = report.event === 'moved' ? moves[report.index] : undefined
      if (move) onMoved(move)
    }
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(0, 4096)
  })
  const how = await new Promise<number | string>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve(signal ?? code ?? 1))
  })
  if (failed) throw failed
  if (how !== 0)
    throw new LighterError('native', `lighter-native remove ended with ${how}: ${said}`)
}
