import type { Socket } from 'node:net'
import { LighterError } from '../core/errors.ts'
import { lazyChildProcess } from '../core/lazy.ts'
import { failureError, parseReports } from './native.ts'

/** The id of the user at the other end of a connection, whose bytes stay unread. Throws `native`. */
export async function askPeer(program: string, connection: Socket): Promise<number> {
  // Not as one of its three standard descriptors: Node would take those out of the mode in which nobody waits.
  const child = lazyChildProcess().spawn(program, ['peer'], {
    stdio: ['ignore', 'pipe', 'ignore', connection],
  })
  let said = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => resolve())
  })
  const [report] = parseReports(said)
  if (report?.event === 'failed') throw failureError(report)
  if (report?.event !== 'peer') {
    throw new LighterError('native', 'lighter-native peer said nothing')
  }
  return report.uid
}
