import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { makeWorld, type World } from '../helpers/world.ts'

const image = `${inject('registry')}/busybox:latest`

let world: World
const run = (...args: string[]) => world.lighter(['run', '--rm', '--network', 'none', ...args])

// The tests have a mount namespace of their own: the host's directory is covered, not changed.
const DIRECTORY = '/run/cdi'
const isNew = !existsSync(DIRECTORY)

beforeAll(async () => {
  world = makeWorld('cdi')
  await world.lighter(['pull', '-q', image])
  mkdirSync(DIRECTORY, { recursive: true })
  execFileSync('mount', ['-t', 'tmpfs', 'cdi', DIRECTORY])
  writeFileSync(`${world.home}/hooked`, '#!/bin/sh\ncat > "$1"\n', { mode: 0o755 })
  writeFileSync(`${world.home}/library`, 'of the host\n')
  writeFileSync(
    `${DIRECTORY}/vendor.yaml`,
    `# As nvidia-ctk writes it.
---
cdiVersion: 0.6.0
kind: vendor.example/thing
containerEdits:
  env: [COMMON=1]
  mounts:
  - containerPath: /usr/lib/library
    hostPath: ${world.home}/library
    options: [ro, nosuid, nodev, bind]
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - path: /dev/thing0
      hostPath: /dev/null
    additionalGids: [44]
    hooks:
    - hookName: createContainer
      path: ${world.home}/hooked
      args: [hooked, ${world.home}/state]
- name: all
  containerEdits:
    env: [ALL=1]
`,
  )
  writeFileSync(
    `${DIRECTORY}/gpu.json`,
    JSON.stringify({
      cdiVersion: '0.5.0',
      kind: 'nvidia.com/gpu',
      devices: [{ name: 'all', containerEdits: { env: ['GPU=all'] } }],
    }),
  )
})
afterAll(async () => {
  execFileSync('umount', [DIRECTORY])
  if (isNew) rmdirSync(DIRECTORY)
  await world.remove()
})

test('a device of a YAML file: node, variables, mount, group, hook', async () => {
  const script =
    'stat -c %t:%T /dev/thing0; echo x > /dev/thing0; echo $COMMON $ALL; cat /usr/lib/library; id -G'
  const { stdout, stderr } = await run(
    '--device',
    'vendor.example/thing=0',
    image,
    'sh',
    '-c',
    script,
  )
  expect([stdout, stderr]).toEqual(['1:3\n1\nof the host\n0 44\n', ''])
  const written = await run(
    '--device',
    'vendor.example/thing=0',
    image,
    'sh',
    '-c',
    'echo x > /usr/lib/library',
  )
  expect(written.stderr).toContain('Read-only file system')
  const state = JSON.parse((await world.run('cat', [`${world.home}/state`])).stdout)
  expect(state).toMatchObject({ status: 'creating' })
})

test('--gpus takes those of nvidia.com/gpu', async () => {
  expect((await run('--gpus', 'all', image, 'sh', '-c', 'echo $GPU')).stdout).toBe('all\n')
  const { stderr, exitCode } = await run('--gpus', '2', image, 'true')
  expect([exitCode, stderr]).toEqual([
    125,
    expect.stringContaining('could not select device driver "" with capabilities: [[gpu]].'),
  ])
})

test('a device that no file has', async () => {
  const { stderr, exitCode } = await run('--device', 'vendor.example/thing=7', image, 'true')
  expect([exitCode, stderr]).toEqual([
    125,
    expect.stringContaining(
      'CDI device injection failed: unresolvable CDI devices vendor.example/thing=7',
    ),
  ])
})
