import { expect, test } from 'vitest'
import { USUAL_FLAGS } from '../../../../cli/flags/create-request.ts'
import { parseHostOptions } from '../../../../cli/flags/host-options.ts'
import { runFlags } from '../../../../cli/flags/run.ts'
import { parseArguments } from '../../../../cli/parse.ts'

// What the usual flags mean is read without the module that reads the others.
test.each([...USUAL_FLAGS])('--%s is no option of the host', (flag) => {
  const words = runFlags()[flag]?.type === 'bool' ? [`--${flag}`] : [`--${flag}`, 'x']
  const result = parseArguments({ flags: () => ({ ...runFlags() }) }, 'run', words)
  if (result.kind !== 'call') throw new Error(`--${flag} asks for help`)
  expect(result.parsed.given(flag)).toBe(true)
  expect(JSON.parse(JSON.stringify(parseHostOptions(result.parsed)))).toEqual({})
})
