import { expect, test } from 'vitest'
import { parseCreateRequest, USUAL_FLAGS } from '../../../../cli/flags/create-request.ts'
import { parseHostOptions } from '../../../../cli/flags/host-options.ts'
import { runFlags } from '../../../../cli/flags/run.ts'
import { parseArguments } from '../../../../cli/parse.ts'

// What the usual flags mean is read without the module that reads the others.
const others = [...USUAL_FLAGS].filter((flag) => flag !== 'userns')
test.each(others)('--%s is no option of the host', (flag) => {
  const words = runFlags()[flag]?.type === 'bool' ? [`--${flag}`] : [`--${flag}`, 'x']
  const parsed = parse(words)
  expect(parsed.given(flag)).toBe(true)
  expect(plain(parseHostOptions(parsed))).toEqual({})
})

test('--userns is the same option with and without that module', async () => {
  const parsed = parse(['--userns', 'keep-id', 'image'])
  const { options } = await parseCreateRequest(parsed, false, true)
  expect(plain(options)).toEqual({ namespaces: { user: 'keep-id' } })
  expect(plain(parseHostOptions(parsed))).toEqual(plain(options))
})

function parse(words: string[]) {
  const result = parseArguments({ flags: () => ({ ...runFlags() }) }, 'run', words)
  if (result.kind !== 'call') throw new Error(`${words.join(' ')} asks for help`)
  return result.parsed
}

/** As it would be written: without what is not there. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
