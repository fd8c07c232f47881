import { expect, test } from 'vitest'
import { parseReference } from '../../../lib/oci/reference.ts'
import { type IdentityRule, isIdentity, withoutVainTag } from '../../../lib/trust/identity.ts'

const digest = `sha256:${'a'.repeat(64)}`
const exact: IdentityRule = { type: 'matchExact' }
const usual: IdentityRule = { type: 'matchRepoDigestOrExact' }
const repository: IdentityRule = { type: 'matchRepository' }
const remap = (prefix: string, signedPrefix: string): IdentityRule => ({
  ...{ type: 'remapIdentity', prefix, signedPrefix },
})

test.each<[IdentityRule, string, string, boolean]>([
  [exact, 'debian:12', 'docker.io/library/debian:12', true],
  [exact, 'debian:12', 'debian:12', true],
  [exact, 'debian:12', 'debian:11', false],
  [exact, 'debian:12', 'debian', false],
  [exact, 'debian:latest', 'debian', false],
  [exact, `debian@${digest}`, 'debian:12', false],
  [exact, `debian@${digest}`, `debian@${digest}`, true],
  [exact, 'debian:12', 'r.example/debian:12', false],
  [usual, 'debian:12', 'debian:12', true],
  [usual, 'debian:12', 'debian:11', false],
  [usual, `debian@${digest}`, 'debian:11', true],
  [usual, `debian:12@${digest}`, 'debian:11', true],
  [usual, `debian@${digest}`, 'debian', false],
  [usual, `debian@${digest}`, 'ubuntu:11', false],
  [repository, 'debian:12', 'debian:11', true],
  [repository, 'debian:12', 'debian', true],
  [repository, 'debian:12', 'debian/x:12', false],
  [repository, 'debian:12', 'Debian:12', false],
  [repository, 'debian:12', '', false],
  [{ type: 'exactReference', reference: parseReference('a.b/c:1') }, 'debian:12', 'a.b/c:1', true],
  [{ type: 'exactReference', reference: parseReference('a.b/c:1') }, 'a.b/c:2', 'a.b/c:2', false],
  [{ type: 'exactRepository', repository: parseReference('a.b/c') }, 'debian:12', 'a.b/c:9', true],
  [{ type: 'exactRepository', repository: parseReference('a.b/c') }, 'a.b/d:1', 'a.b/d:1', false],
  [remap('m.example', 'docker.io'), 'm.example/library/debian:12', 'debian:12', true],
  [remap('m.example', 'docker.io'), 'm.example/library/debian:12', 'debian:11', false],
  [remap('m.example', 'docker.io'), `m.example/library/debian@${digest}`, 'debian:11', true],
  [remap('m.example/a', 'c.d/e'), 'm.example/ab/x:1', 'c.d/eb/x:1', false],
  [remap('m.example/a', 'c.d/e'), 'm.example/ab/x:1', 'm.example/ab/x:1', true],
  [remap('m.example/a/x', 'c.d/e'), 'm.example/a/x:1', 'c.d/e:1', true],
  // Without a registry it would be completed to docker.io/library/…
  [remap('m.example', 'library'), 'm.example/debian:1', 'library/debian:1', false],
])('%j: %s signed as %s: %s', (rule, image, signed, expected) => {
  expect(isIdentity(rule, withoutVainTag(parseReference(image)), signed)).toBe(expected)
})
