import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { resolveDevices } from '../../../lib/container/cdi.ts'

const directory = mkdtempSync(join(tmpdir(), 'cdi-'))
afterAll(() => rmSync(directory, { recursive: true }))

const edits = (name: string) => ({ env: [`DEVICE=${name}`] })
writeFileSync(
  join(directory, 'vendor.json'),
  JSON.stringify({
    cdiVersion: '0.6.0',
    kind: 'vendor.example/thing',
    containerEdits: {
      env: ['COMMON=1'],
      mounts: [{ hostPath: '/opt/lib', containerPath: '/usr/lib/thing', options: ['ro'] }],
      hooks: [{ hookName: 'createContainer', path: '/bin/true', args: ['true'] }],
    },
    devices: [
      {
        name: 'a',
        containerEdits: { deviceNodes: [{ path: '/dev/thing', hostPath: '/dev/null' }] },
      },
      { name: 'b', containerEdits: edits('b') },
    ],
  }),
)
writeFileSync(
  join(directory, 'gpus.json'),
  JSON.stringify({
    kind: 'nvidia.com/gpu',
    devices: ['0', '1', 'all'].map((name) => ({ name, containerEdits: edits(name) })),
  }),
)
writeFileSync(
  join(directory, 'other.yaml'),
  `---
cdiVersion: 0.6.0
kind: other.example/x
devices:
  - name: "0"
    containerEdits: { env: [Y=1], additionalGids: [44] }
  - name: late
    containerEdits:
      hooks: [{ hookName: poststop, path: /bin/true }]
  - name: cache
    containerEdits: { intelRdt: { closID: a } }
`,
)
writeFileSync(join(directory, 'broken.yml'), 'kind: [')
writeFileSync(join(directory, 'broken.json'), '{')

const cdi = (...ids: string[]) => ({
  driver: 'cdi',
  count: 0,
  ids,
  capabilities: null,
  options: null,
})
const gpus = (count: number, ids: string[] | null = null) => ({
  driver: '',
  count,
  ids,
  capabilities: [['gpu']],
  options: {},
})

test('edits of devices, and once those of their file', async () => {
  const found = await resolveDevices(
    [cdi('vendor.example/thing=a'), cdi('vendor.example/thing=b')],
    [directory],
  )
  expect(found.env).toEqual(['COMMON=1', 'DEVICE=b'])
  expect(found.devices).toMatchObject([{ path: '/dev/thing', type: 'c', major: 1, minor: 3 }])
  expect(found.mounts).toEqual([
    { destination: '/usr/lib/thing', type: 'bind', source: '/opt/lib', options: ['ro', 'rbind'] },
  ])
  expect(found.hooks).toEqual({ createContainer: [{ path: '/bin/true', args: ['true'] }] })
})

test.each([
  [gpus(-1), ['DEVICE=all']],
  [gpus(1), ['DEVICE=0']],
  [gpus(2), ['DEVICE=0', 'DEVICE=1']],
  [gpus(0, ['1']), ['DEVICE=1']],
])('--gpus as %j', async (request, env) => {
  expect((await resolveDevices([request], [directory])).env).toEqual(env)
})

test('YAML files, too', async () => {
  const { env, groups } = await resolveDevices([cdi('other.example/x=0')], [directory])
  expect([env, groups]).toEqual([['Y=1'], ['44']])
})

test.each([
  ['late', 'other.example/x=late needs the hook poststop, which is not supported'],
  ['cache', 'other.example/x=cache needs intelRdt, which is not supported'],
])('%s is refused instead of being left out', async (name, reason) => {
  await expect(resolveDevices([cdi(`other.example/x=${name}`)], [directory])).rejects.toThrow(
    reason,
  )
})

test('what no file describes is refused; files that are not understood are named', async () => {
  await expect(resolveDevices([cdi('no.example/x=y')], [directory])).rejects.toMatchObject({
    message: 'CDI device injection failed: unresolvable CDI devices no.example/x=y',
    hint: `Not understood: ${directory}/broken.json, ${directory}/broken.yml.`,
  })
  await expect(resolveDevices([gpus(3)], [directory])).rejects.toThrow(
    'could not select device driver "" with capabilities: [[gpu]]',
  )
  await expect(resolveDevices([gpus(-1)], ['/nonexistent'])).rejects.toThrow('could not select')
})
