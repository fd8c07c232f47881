import { parseOutputs } from '../../../lib/build/export/output-spec.ts'
import type { OutputSpec } from '../../../lib/build/options.ts'
import { badSpec } from '../../../lib/build/spec/fields.ts'
import type { Parsed } from '../../parse.ts'

/** `--output`, with what `--push` and `--load` add to it. Throws `usage`. */
export function readOutputs(parsed: Parsed): OutputSpec[] {
  const outputs = parseOutputs(parsed.list('output'))
  const writesFiles = outputs.some(({ type }) => type === 'local' || type === 'tar')
  if (writesFiles && parsed.string('iidfile')) {
    throw badSpec('local and tar exporters are incompatible with image ID file')
  }
  const pushed = parsed.bool('push') ? withPush(outputs) : outputs
  return parsed.bool('load') ? withLoad(pushed) : pushed
}

function withPush(outputs: readonly OutputSpec[]): OutputSpec[] {
  const push = (output: OutputSpec): OutputSpec => ({
    ...output,
    attributes: { ...output.attributes, push: 'true' },
  })
  if (!outputs.some(isImage)) return [...outputs, push(plainOutput('image'))]
  return outputs.map((output) => (isImage(output) ? push(output) : output))
}

const isImage = ({ type }: OutputSpec): boolean => type === 'image' || type === 'registry'

function withLoad(outputs: readonly OutputSpec[]): OutputSpec[] {
  const isLoaded = outputs.some(
    ({ type, destination }) => type === 'docker' && destination === undefined,
  )
  return isLoaded ? [...outputs] : [...outputs, plainOutput('docker')]
}

const plainOutput = (type: OutputSpec['type']): OutputSpec => ({
  type,
  destination: undefined,
  attributes: {},
})
