import { describe, expect, test } from 'vitest'
import { read, readOne } from './read.ts'

const shell = (text: string) => ({ form: 'shell', text, heredocs: [] })

/** An instruction and what of it is of interest. */
const CASES: [line: string, expected: object][] = [
  [
    'ARG a b=c d="e f" g=',
    {
      args: [
        { key: 'a', value: undefined },
        { key: 'b', value: 'c' },
        { key: 'd', value: '"e f"' },
        { key: 'g', value: '' },
      ],
    },
  ],
  [
    'ENV a=1 b="x y" c=x\\ y',
    {
      legacy: false,
      pairs: [
        { key: 'a', value: '1' },
        { key: 'b', value: '"x y"' },
        { key: 'c', value: 'x\\ y' },
      ],
    },
  ],
  ['ENV a  b = c', { legacy: true, pairs: [{ key: 'a', value: 'b = c' }] }],
  ['LABEL "a b"=c', { kind: 'LABEL', pairs: [{ key: '"a b"', value: 'c' }] }],
  ['RUN a  && b', { command: shell('a  && b'), network: 'default', security: 'sandbox' }],
  ['RUN ["a", "b c"]', { command: { form: 'exec', args: ['a', 'b c'] } }],
  ['RUN [ ]', { command: { form: 'exec', args: [] } }],
  ["RUN ['a']", { command: shell("['a']") }],
  ['RUN ["a", "b"] c', { command: shell('["a", "b"] c') }],
  ['RUN {"a":1}', { command: shell('{"a":1}') }],
  ['RUN', { command: shell('') }],
  [
    'RUN --network=none --security=insecure -- --x',
    {
      command: shell('--x'),
      network: 'none',
      security: 'insecure',
    },
  ],
  [
    'RUN --mount=type=cache,target=/a --mount="type=secret,id=b c" x',
    {
      command: shell('x'),
      mounts: [
        {
          options: [
            { key: 'type', value: 'cache' },
            { key: 'target', value: '/a' },
          ],
        },
        {
          options: [
            { key: 'type', value: 'secret' },
            { key: 'id', value: 'b c' },
          ],
        },
      ],
    },
  ],
  [
    `RUN --mount='Type=bind,"source=a,b",ro' x`,
    {
      mounts: [
        {
          options: [
            { key: 'type', value: 'bind' },
            { key: 'source', value: 'a,b' },
            { key: 'ro', value: undefined },
          ],
        },
      ],
    },
  ],
  ['CMD ["\\u0041\\ud800"]', { command: { args: ['A\ufffd'] } }],
  ['CMD', { command: shell('') }],
  ['ENTRYPOINT exec x', { kind: 'ENTRYPOINT', command: shell('exec x') }],
  [
    'COPY a b/',
    { sources: ['a'], destination: 'b/', from: undefined, link: false, parents: false },
  ],
  ['COPY ["a b", "c"]', { sources: ['a b'], destination: 'c' }],
  ['COPY ["a" "b"]', { sources: ['["a"'], destination: '"b"]' }],
  [
    'COPY --from=x --chown=1:2 --chmod=u=rw,go=r --link=TRUE --parents --exclude=*.a --exclude=b s d',
    {
      from: 'x',
      chown: '1:2',
      chmod: 'u=rw,go=r',
      link: true,
      parents: true,
      exclude: ['*.a', 'b'],
    },
  ],
  ['COPY --link=false --from= s d', { link: false, from: undefined }],
  ['COPY --chown="a b" --chm\\od=7 s d', { chown: 'a b', chmod: '7' }],
  [
    'ADD --checksum=sha256:x --keep-git-dir --unpack=false s d',
    {
      kind: 'ADD',
      checksum: 'sha256:x',
      keepGitDir: true,
      unpack: false,
    },
  ],
  ['ADD s d', { keepGitDir: undefined, unpack: undefined }],
  ['EXPOSE 90 80/udp\t$p', { ports: ['$p', '80/udp', '90'] }],
  ['VOLUME /a "/b c"', { volumes: ['/a', '"/b', 'c"'] }],
  ['VOLUME [" /a ", "/b c"]', { volumes: ['/a', '/b c'] }],
  ['USER a b', { user: 'a b' }],
  ['WORKDIR /a b', { path: '/a b' }],
  ['STOPSIGNAL $s', { signal: '$s' }],
  ['MAINTAINER A <a@b>', { maintainer: 'A <a@b>' }],
  ['SHELL ["a"]', { shell: ['a'] }],
  ['ONBUILD  run a', { trigger: 'run a' }],
  ['ONBUILD FOO a', { trigger: 'FOO a' }],
  ['HEALTHCHECK NONE', { check: undefined }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=1ms --start-period=0 --start-interval=2s --retries=3 cmd a b',
    {
      check: {
        command: shell('a b'),
        interval: 90e9,
        timeout: 1e6,
        startPeriod: 0,
        startInterval: 2e9,
        retries: 3,
      },
    },
  ],
  ['HEALTHCHECK CMD ["a"]', { check: { command: { form: 'exec', args: ['a'] }, interval: 0 } }],
]

test.each(CASES)('%s', (line, expected) => {
  expect(readOne(line)).toMatchObject(expected)
})

describe('stages', () => {
  test('arguments before them', () => {
    const { metaArgs, stages } = read(
      'ARG a=1',
      'FROM x:$a',
      'ARG a',
      'from --platform=$p y as Z.1',
    )
    expect(metaArgs).toMatchObject([{ args: [{ key: 'a', value: '1' }] }])
    expect(stages).toMatchObject([
      {
        from: { base: 'x:$a', platform: undefined, as: undefined },
        instructions: [{ kind: 'ARG' }],
      },
      { from: { base: 'y', platform: '$p', as: 'z.1' }, instructions: [] },
    ])
  })
})
