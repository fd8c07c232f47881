import { lazyTty } from '../../../lib/core/lazy.ts'
import type { Context } from '../../context.ts'
import { outputStream, writeErr } from '../write.ts'
import type { BuildDisplay, DisplayMode, DisplayTitle, Out } from './build-display.ts'
import { openDisplay } from './display.ts'
import { showWarnings } from './warnings.ts'

export interface DisplayOptions {
  mode: DisplayMode
  title: DisplayTitle
}

/** Does what progress is shown of on standard error; after it come what failed steps have printed, and warnings. */
export async function withDisplay<Result>(
  { debug }: Context,
  { mode, title }: DisplayOptions,
  work: (display: BuildDisplay) => Promise<Result>,
): Promise<Result> {
  const out: Out = lazyTty().isatty(2) ? outputStream(2) : { write: writeErr }
  const display = await openDisplay(mode, out, title)
  try {
    return await work(display)
  } finally {
    display.close()
    await showWarnings(out, mode, display.trace.warnings, debug)
  }
}
