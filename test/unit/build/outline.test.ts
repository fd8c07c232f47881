import { describe, expect, test } from 'vitest'
import { describeOutline, describeTargets } from '../../../cli/output/build/call.ts'
import { outlineOf, targetsOf } from '../../../lib/build/outline.ts'
import { parseDockerfile } from '../../../lib/dockerfile/parse.ts'

const dockerfile = parseDockerfile(
  `# BASE where it begins
ARG BASE=alpine
ARG UNUSED=1
# base what all others stand on
FROM \${BASE}:3 AS base
# VERSION of the program
ARG VERSION=1.2
ARG NAME=app-$VERSION
RUN --mount=type=secret,id=token,required=true --mount=type=cache,target=/root/.cache true

FROM base AS other
ARG OTHER
RUN --mount=type=ssh true

# release the image
FROM base AS release
RUN --mount=type=secret,id=token --mount=type=secret,target=/run/x true
COPY --from=0 / /
`,
  'Dockerfile',
)

const options = { target: undefined, buildArgs: {}, platforms: [] }

test('targets', () => {
  expect(describeTargets(targetsOf(dockerfile))).toBe(`TARGET              DESCRIPTION
base                what all others stand on
other
release (default)   the image
`)
})

describe('outlines', () => {
  test('of the last stage', () => {
    expect(describeOutline(outlineOf(dockerfile, options))).toBe(`TARGET:      release
DESCRIPTION: the image

BUILD ARG   VALUE     DESCRIPTION
BASE        alpine    where it begins
VERSION     1.2       of the program
NAME        app-1.2

SECRET   REQUIRED
token    true
/run/x

CACHE MOUNT
/root/.cache

`)
  })

  test('of a target, with arguments', () => {
    const outline = outlineOf(dockerfile, {
      ...options,
      target: 'other',
      buildArgs: { OTHER: 'x', VERSION: '2' },
    })
    expect(outline.args.map(({ name, value }) => `${name}=${value}`)).toEqual([
      'BASE=alpine',
      'VERSION=2',
      'NAME=app-2',
      'OTHER=x',
    ])
    expect(outline.ssh).toEqual([
      { name: 'default', isRequired: false, location: { start: 13, end: 13 } },
    ])
  })

  test('of what is not there', () => {
    expect(() => outlineOf(dockerfile, { ...options, target: 'nosuch' })).toThrow(
      'target stage "nosuch" could not be found',
    )
  })
})
