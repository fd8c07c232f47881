import { expect, test } from 'vitest'
import { parseImageConfig } from '../../../lib/oci/image.ts'

const config = (fields: object) =>
  Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: {}, config: fields }))

test.each([
  { WorkingDir: '/srv\0/etc' },
  { User: 'root\0' },
  { Cmd: ['sh', '-c\0'] },
  { Entrypoint: ['\0'] },
  { Volumes: { '/data\0': {} } },
  { StopSignal: 'TERM\0' },
])('a configuration with a NUL character is refused: %j', (fields) => {
  expect(() => parseImageConfig(config(fields))).toThrow("The image's configuration is damaged")
})

test('environment entries without a name or a value are left out', () => {
  const { defaults } = parseImageConfig(config({ Env: ['A=1', 'HOME', '=x', 'B=\0', 'C='] }))
  expect(defaults.env).toEqual(['A=1', 'C='])
})
