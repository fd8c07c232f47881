import { expect, test } from 'vitest'
import { checkSystem, foreignWarning } from '../../../lib/image/foreign.ts'
import { parseImageConfig } from '../../../lib/oci/image.ts'

const config = (members: Record<string, string>) =>
  parseImageConfig(Buffer.from(JSON.stringify(members)))
const image = (architecture: string, variant = '') =>
  config({ os: 'linux', architecture, ...(variant === '' ? {} : { variant }) })
const amd64 = { os: 'linux', architecture: 'amd64', variant: 'v3' }
const arm64 = { os: 'linux', architecture: 'arm64', variant: 'v8' }

// What Docker 26.1 says on a machine that is linux/amd64/v3, and that it spells the image's platform as the image does.
test.each([
  ['linux/arm64', image('arm64')],
  ['linux/arm64/v8', image('arm64', 'v8')],
  ['linux/amd64/v5', image('amd64', 'v5')],
  ['linux/arm/v7', image('arm', 'v7')],
  ['linux/arm', image('arm')],
  ['linux', image('')],
])('%s is foreign to linux/amd64/v3', (has, of) => {
  expect(foreignWarning(of, amd64)).toBe(
    `The requested image's platform (${has}) does not match the detected host platform (linux/amd64/v3) and no specific platform was requested`,
  )
})

test.each([
  image('amd64'),
  image('amd64', 'v1'),
  image('amd64', 'v3'),
  image('x86_64'),
  image('386'),
  config({ architecture: 'amd64' }),
])('$raw runs on linux/amd64/v3', (of) => {
  expect(foreignWarning(of, amd64)).toBeUndefined()
})

test.each([image('arm64'), image('arm64', 'v8'), image('arm', 'v7')])(
  '$raw runs on linux/arm64/v8',
  (of) => {
    expect(foreignWarning(of, arm64)).toBeUndefined()
  },
)

test('another operating system is refused', () => {
  checkSystem(image('arm64'))
  expect(() => checkSystem(config({ os: 'windows', architecture: 'amd64' }))).toThrow(
    'image operating system "windows" cannot be used on this platform: operating system is not supported',
  )
})
