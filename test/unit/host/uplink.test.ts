import { expect, test } from 'vitest'
import { checkHost, TRIALS, type Trials } from '../../../lib/host/checks.ts'
import { pastaFault } from '../../../lib/host/uplink.ts'

test.each([
  ['pasta unknown version\nCopyright Red Hat\n', /does not say its version/],
  ['pasta 0.0~git20230309.7c7625d-1\n', /is of 2023/],
  ['pasta 0.0~git20240220.1e6f92b-1\n', undefined],
  ['pasta 2025_05_03.587980c\n', undefined],
  ['', undefined],
])('%j', (answer, fault) => {
  if (fault) expect(pastaFault(answer)).toMatch(fault)
  else expect(pastaFault(answer)).toBeUndefined()
})

test('doctor tells of it, with what to do', () => {
  const trials = Object.fromEntries(TRIALS.map((name) => [name, { ok: true, message: '' }]))
  const user = {
    uid: 1000,
    name: 'nobody-has-this-name',
    nativePattern: '/x',
    bootUnit: { path: '/nosuch/unit', link: '/nosuch/link' },
    // Any program that is there stands for it.
    uplink: 'sh' as 'pasta',
  }
  const check = (uplinkFault: string | undefined) =>
    checkHost({ ...user, uplinkFault } as never, trials as Trials).find(
      ({ title }) => (title as string) === 'sh',
    )
  expect(check(undefined)).toMatchObject({ state: 'ok' })
  expect(check('it is old')).toMatchObject({
    state: 'limited',
    detail: expect.stringMatching(/^it is old; with LIGHTER_UPLINK=slirp4netns/),
  })
})
