import type { Step } from '../graph.ts'
import type { Conversion } from './conversion.ts'
import { scratch } from './make-step.ts'
import type { StageState } from './stage.ts'
import { findSource } from './stages.ts'

/** What `--from` names: a context of `--build-context`, which comes before all else; a stage, by name or by number; else an image. */
export async function filesOf(
  conversion: Conversion,
  { platform }: StageState,
  from: string,
): Promise<Step> {
  const { dockerfile, inputs, stateOf } = conversion
  const named = await inputs.named(from, platform)
  if (named) return 'files' in named ? named.files : named.step
  const stage = findSource(dockerfile, from)
  if (stage !== undefined) return (await stateOf(stage)).files
  if (from === 'scratch') return scratch()
  return (await inputs.image(from, platform, (full) => `FROM ${full}`)).step
}
