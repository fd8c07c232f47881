import { expect, test } from 'vitest'
import { fillSettings } from '../../../lib/container/commit-settings.ts'

const own = {
  User: 'app',
  Env: ['A=1', 'B=2'],
  Cmd: ['own'],
  Entrypoint: ['/own'],
  Labels: { a: '1', b: '2' },
  ExposedPorts: { '80/tcp': {} },
  Volumes: null,
  WorkingDir: '/w',
  StopSignal: 'USR1',
  Hostname: 'h',
  Healthcheck: { Test: ['CMD', 'true'], Interval: 5 },
}

test('what is not sent is the container’s, where a container would have it of its image', () => {
  expect(fillSettings({}, own)).toMatchObject({ ...own, Hostname: '', Tty: false, OnBuild: null })
})

test('what is sent comes first, and lists are put together by their names', () => {
  const sent = {
    User: 'me',
    Env: ['B=3', 'C'],
    Labels: { b: '3' },
    ExposedPorts: { '90/tcp': {} },
    Healthcheck: { Test: [], Interval: 0, Retries: 2 },
  }
  expect(fillSettings(sent, own)).toMatchObject({
    User: 'me',
    Env: ['B=3', 'C', 'A=1'],
    Labels: { a: '1', b: '3' },
    ExposedPorts: { '80/tcp': {}, '90/tcp': {} },
    Healthcheck: { Test: ['CMD', 'true'], Interval: 5, Retries: 2 },
  })
})

test('a program that is sent takes the container’s command away', () => {
  const filled = (sent: object) => {
    const { Cmd, Entrypoint } = fillSettings({ ...sent }, own)
    return { Cmd, Entrypoint }
  }
  expect(filled({ Entrypoint: ['/e'] })).toEqual({ Cmd: undefined, Entrypoint: ['/e'] })
  expect(filled({ Cmd: ['c'] })).toEqual({ Cmd: ['c'], Entrypoint: ['/own'] })
  expect(filled({ Entrypoint: [] })).toEqual({ Cmd: ['own'], Entrypoint: [] })
})
