import { expect, test } from 'vitest'
import { formatPlatform, parsePlatform, platformDistance } from '../../../lib/oci/platform.ts'

test.each([
  ['linux/x86_64', 'linux/amd64'],
  ['linux/arm64/v8', 'linux/arm64'],
  ['linux/armhf', 'linux/arm/v7'],
  ['linux/arm/6', 'linux/arm/v6'],
  ['arm64', 'linux/arm64'],
])('%s is %s', (text, normal) => {
  expect(formatPlatform(parsePlatform(text))).toBe(normal)
})

test.each([
  ['linux/arm/v7', 'linux/arm/v6', 1],
  ['linux/arm/v6', 'linux/arm/v7', undefined],
  ['linux/amd64', 'linux/amd64/v3', undefined],
  ['linux/amd64/v3', 'linux/amd64', 2],
  ['linux/arm64', 'linux/amd64', undefined],
])('%s runs %s: %s', (wanted, offered, distance) => {
  expect(platformDistance(parsePlatform(wanted), parsePlatform(offered))).toBe(distance)
})
