import type { LintFacts } from '../../../lib/dockerfile/lint/facts.ts'

/** A build for one platform, whose images have PATH alone. */
export const FACTS: LintFacts = {
  predefined: new Map([
    ['TARGETPLATFORM', 'linux/amd64'],
    ['BUILDPLATFORM', 'linux/amd64'],
    ['TARGETARCH', 'amd64'],
  ]),
  buildArgs: new Map(),
  targetPlatform: 'linux/amd64',
  needs: () => true,
  baseOf: () => ({
    image: { env: new Map([['PATH', '/bin']]), hasShell: false, platform: 'linux/amd64' },
  }),
  isReference: (name) => /^[a-z0-9][a-z0-9._/-]*(:[\w][\w.-]*)?$/.test(name),
  parsePlatform: (text) => {
    const [, os, architecture] = /^(\w+)\/(\w+)/.exec(text) ?? []
    return os === undefined || architecture === undefined ? undefined : { os, architecture }
  },
  ignores: undefined,
}
