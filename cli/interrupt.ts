import type { Context } from './context.ts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** What shells say of a program that an interrupt has ended. */
const INTERRUPTED = 130

/**
 * Does what takes its time, and has it end in order when the user interrupts it: returns 130 then. A second interrupt ends the program
 * as any other.
 */
export async function untilInterrupted(
  context: Context,
  work: (signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController()
  const interrupt = (): void => {
    forget()
    controller.abort(new Error('context canceled'))
  }
  const forget = (): void => {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    return await work(controller.signal)
  } catch (error) {
    if (!controller.signal.aborted) throw error
    context.warn('ERROR: failed to solve: Canceled: context canceled')
    return INTERRUPTED
  } finally {
    forget()
  }
}
