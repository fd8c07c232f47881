import { expect, test } from 'vitest'
import { goMode } from '../../../api/containers/go-mode.ts'

test.each([
  [0o100644, 0o644],
  [0o040755, 2 ** 31 + 0o755],
  [0o041777, 2 ** 31 + 2 ** 20 + 0o777],
  [0o120777, 2 ** 27 + 0o777],
  [0o104755, 2 ** 23 + 0o755],
  [0o102755, 2 ** 22 + 0o755],
  [0o020666, 2 ** 26 + 2 ** 21 + 0o666],
  [0o060660, 2 ** 26 + 0o660],
  [0o010644, 2 ** 25 + 0o644],
  [0o140755, 2 ** 24 + 0o755],
])('mode %o of the kernel is %d in Go', (mode, own) => expect(goMode(mode)).toBe(own))
