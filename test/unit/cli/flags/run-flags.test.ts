import { expect, test } from 'vitest'
import { checkDetachKeys } from '../../../../cli/flags/detach-keys.ts'
import { formatCommand } from '../../../../cli/output/container-row.ts'

test.each(['a', 'ctrl-a', 'ctrl-p,ctrl-q', 'ctrl-@', 'ctrl-[', 'ctrl-_,x'])(
  'detach keys %j',
  (text) => {
    expect(() => checkDetachKeys(text, 'detach')).not.toThrow()
  },
)

test.each(['foo', 'ctrl-', 'ctrl-A', 'ctrl-p,', 'a,,b'])('no detach keys: %j', (text) => {
  expect(() => checkDetachKeys(text, 'escape')).toThrow(
    `Error response from daemon: Invalid escape keys (${text}) provided`,
  )
})

test.each([
  [['sh', '-c', 'exit 3'], `"sh -c 'exit 3'"`],
  [['true'], '"true"'],
  [['sleep', '1000', 'and', 'much', 'more'], '"sleep 1000 and much…"'],
])('%j in the column of ps', (command, text) => {
  expect(formatCommand(command, false)).toBe(text)
})
