import { describe, expect, test } from 'vitest'
import {
  familiarReference,
  formatReference,
  parseReference,
  withDefaultTag,
} from '../../../lib/oci/reference.ts'

const HEX = 'a'.repeat(64)

describe('references', () => {
  test.each([
    ['debian', 'docker.io/library/debian:latest', 'debian:latest'],
    ['index.docker.io/debian:12', 'docker.io/library/debian:12', 'debian:12'],
    ['user/image', 'docker.io/user/image:latest', 'user/image:latest'],
    ['localhost/x', 'localhost/x:latest', 'localhost/x:latest'],
    ['127.0.0.1:5000/a/b:c', '127.0.0.1:5000/a/b:c', '127.0.0.1:5000/a/b:c'],
    ['[::1]:5000/a', '[::1]:5000/a:latest', '[::1]:5000/a:latest'],
    ['Upper/x', 'Upper/x:latest', 'Upper/x:latest'],
    [`x:1@sha256:${HEX}`, `docker.io/library/x:1@sha256:${HEX}`, `x:1@sha256:${HEX}`],
  ])('%s is %s', (text, full, familiar) => {
    const reference = withDefaultTag(parseReference(text))
    expect(formatReference(reference)).toBe(full)
    expect(familiarReference(reference)).toBe(familiar)
  })

  test.each([
    ['', 'invalid reference format'],
    ['a:b:c', 'invalid reference format'],
    ['../x', 'invalid reference format'],
    ['Foo', 'invalid reference format: repository name (library/Foo) must be lowercase'],
    [HEX, `invalid repository name (${HEX}), cannot specify 64-byte hexadecimal strings`],
    [`x@sha256:${'a'.repeat(40)}`, 'invalid checksum digest length'],
    ['x@sha512:'.padEnd(137, 'a'), 'unsupported digest algorithm'],
    ['a'.repeat(256), 'repository name must not be more than 255 characters'],
  ])('%s is refused', (text, message) => {
    expect(() => parseReference(text)).toThrow(message)
  })
})
