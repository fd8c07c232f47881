// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import { expect, test } from 'vitest'
import type { Instruction } from '../../../lib/dockerfile/ast.ts'
import { DockerfileError } from '../../../lib/dockerfile/errors.ts'
import { excerpt } from '../../../lib/dockerfile/excerpt.ts'
import {
  expandHeredoc,
  expandShown,
  expandWord,
  expandWords,
} from '../../../lib/dockerfile/expand.ts'
import { readScript } from '../../../lib/dockerfile/heredoc.ts'
import { lint } from '../../../lib/dockerfile/lint.ts'
import { readMount } from '../../../lib/dockerfile/mounts.ts'
import { parseDockerfile, parseTrigger } from '../../../lib/dockerfile/parse.ts'
import { FACTS } from './facts.ts'

/** `LIGHTER_SEED` repeats a run. */
const SEED = Number(process.env.LIGHTER_SEED ?? 20_261_127)
const ROUNDS = 6000
/** Milliseconds that one input may take, on a busy machine. */
const PATIENCE = 10_000

const CORPUS: readonly string[] = [
  `# syntax=docker/dockerfile:1
# escape=\\
ARG GO=1.22 BASE
FROM --platform=$BUILDPLATFORM golang:\${GO:-1} AS Build
WORKDIR src
ENV A=1 B="x y" C=\${A:+\${B%%" "*}}
ENV OLD some value
RUN --mount=type=cache,target=/root/.cache,sharing=locked --mount=type=secret,id=s,env=S \\
  # comment

  go build -o /out ./...
FROM \${BASE:-scratch}
COPY --from=build --chown=1:2 --chmod=u=rwX --link --parents --exclude=*.md /out /bin/
ADD --checksum=sha256:aa --keep-git-dir=true https://example.com/x.tar.gz /
HEALTHCHECK --interval=1m30s --retries=3 CMD ["/bin/x", "-h"]
EXPOSE 80/TCP 1:2 $PORTS
VOLUME ["/a", "/b"]
ONBUILD COPY <<-E /x
\tfoo
\tE
LABEL "a b"='c' d=\${A//1/2}
STOPSIGNAL \${A?no}
SHELL ["sh", "-c"]
USER \${B#x}:0
MAINTAINER me
CMD echo hi
`,
  `FROM alpine:3
RUN <<A cat <<"B" && <<'C D' x
$one
A
two
B
C D
COPY <<f1 <<-f2 /dst/
\${x:-y} \\$z "q"
f1
\t\ttab
\tf2
RUN <<EOF
#!/usr/bin/env python3
print(1)
EOF
`,
  '\ufeff# escape=`\r\nFROM a`\r\n  b\r\nRUN c `\r\n\r\n# d\r\n e\r\nenv x=`$y "z`"z"\r\n',
]

const PIECES: readonly string[] = [
  ...['<<', '<<-', '<<EOF', 'EOF\n', '"', "'", '\\', '\\\n', '`', '$', '${', '}', '[', ']', '["'],
  ...['${a:-', '${a/', '${a//*/', '${a%%', '${a#?', ':', '=', ',', '#', '# escape=`\n', '{'],
  ...['\n', '\r\n', '\t', ' ', '\0', '\ufeff', 'é', '\u{1f600}', '\ud800', '\u00a0', '\u2028'],
  ...['--', '--from=', '--mount=', '--mount=type=', 'FROM ', 'ONBUILD ', 'RUN ', 'COPY ', 'ENV '],
  ...['ARG ', 'HEALTHCHECK ', 'CMD ', '1e999', '-1', '99999999999999999999', '__proto__'],
]

/** Numbers below a limit, always the same for a seed (mulberry32). */
function randomizer(seed: number): (limit: number) => number {
  let state = seed
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit
  }
}

function mutate(text: string, random: (limit: number) => number): string {
  const at = random(text.length + 1)
  const [before, after] = [text.slice(0, at), text.slice(at)]
  const length = random(12)
  const piece = PIECES[random(PIECES.length)] ?? ''
  const other = CORPUS[random(CORPUS.length)] ?? ''
  const from = random(other.length)
  const changes = [
    () => before + piece + after,
    () => before + after.slice(length),
    () => before + piece + after.slice(length),
    () => before + after.slice(0, length).repeat(3) + after.slice(length),
    () => before + other.slice(from, from + random(200)) + after,
    () => before + String.fromCharCode(random(random(2) === 0 ? 128 : 65_536)) + after.slice(1),
    () => before,
  ]
  return changes[random(changes.length)]?.() ?? text
}

const ENV = new Map([
  ['a', 'abc/def'],
  ['A', '1'],
  ['B', 'x y'],
])

/** Uses all that there is of a Dockerfile; refusals are no news. */
function exercise(text: string): void {
  const dockerfile = allowed(() => parseDockerfile(text, 'Dockerfile'), text)
  if (dockerfile === undefined) return
  const { escape: escaper } = dockerfile.directives
  allowed(() => lint(dockerfile, FACTS), text)
  for (const instruction of dockerfile.stages.flatMap(({ instructions }) => instructions)) {
    const { original } = instruction
    allowed(() => expandWord(original, ENV, escaper), text)
    allowed(() => expandWords(original, ENV, escaper), text)
    allowed(() => expandHeredoc(original, ENV), text)
    expandShown(original, ENV, escaper)
    useParts(instruction, text)
  }
}

function useParts(instruction: Instruction, text: string): void {
  const { kind, location } = instruction
  if (kind === 'ONBUILD') allowed(() => parseTrigger(instruction.trigger, location), text)
  if (kind !== 'RUN') return
  if (instruction.command.form === 'shell') readScript(instruction.command)
  for (const { options } of instruction.mounts) {
    allowed(() => readMount(options, location, '/'), text)
  }
}

function allowed<T>(step: () => T, text: string): T | undefined {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    const { location } = error
    if (location !== undefined) {
      const lines = text.split('\n')
      expect(location.start).toBeGreaterThan(0)
      expect(location.end).toBeLessThanOrEqual(lines.length)
      excerpt(lines, 'Dockerfile', location)
    }
    return undefined
  }
}

function timed(text: string): void {
  const said = `seed ${SEED}, input ${JSON.stringify(text.slice(0, 2000))}`
  const start = performance.now()
  try {
    exercise(text)
  } catch (error) {
    throw new Error(said, { cause: error })
  }
  const took = performance.now() - start
  if (took > PATIENCE) throw new Error(`${took} ms, ${said}`)
}

test(`${ROUNDS} damaged Dockerfiles (seed ${SEED}): none crashes, none hangs`, () => {
  const random = randomizer(SEED)
  for (let round = 0; round < ROUNDS; round += 1) {
    let text = CORPUS[random(CORPUS.length)] ?? ''
    for (let change = random(8); change >= 0; change -= 1) text = mutate(text, random)
    timed(text)
  }
})

const from = (text: string): string => `FROM scratch\n${text}\n`

const LONG_VALUE = `ENV a=${'a'.repeat(30_000)}`

/** What could take long, or much of the stack. */
test.each([
  ['a very long line', from(`ENV a=${'x'.repeat(1 << 20)}`)],
  ['many continuations', from(`RUN ${'x \\\n'.repeat(100_000)}`)],
  ['many empty continuations', from(`RUN x \\\n${'\n'.repeat(200_000)}y`)],
  ['many comments', `${'# x\n'.repeat(200_000)}FROM scratch`],
  ['nested substitutions', from(`ENV a=${'${a:-'.repeat(10_000)}`)],
  ['nested ones that end', from(`ENV a=${'${u:-'.repeat(8000)}${'}'.repeat(8000)}`)],
  ['nested replacements', from(`ENV a=${'${a/'.repeat(15_000)}`)],
  ['nested quotes', from(`ENV a=${'"${a:-'.repeat(10_000)}`)],
  ['here-documents on a line', from(`RUN ${'<<a '.repeat(10_000)}\n${'a\n'.repeat(10_000)}`)],
  [
    '100,000 here-documents',
    from(`COPY ${'<<a \\\n'.repeat(100_000)} /x\n${'a\n'.repeat(100_000)}`),
  ],
  ['a here-document of many lines', from(`RUN <<a\n${'<<a b\n'.repeat(200_000)}a`)],
  ['here-documents without end', from(`RUN ${'<<a '.repeat(10_000)}`)],
  ['many instructions', from('USER $x$y\n'.repeat(20_000))],
  ['a very long name', from('X'.repeat(60_000))],
  ['a very long flag', from(`COPY --${'x'.repeat(60_000)}=1 a b`)],
  ['many flags', from(`COPY ${'--exclude=x '.repeat(5000)} a b`)],
  ['many mounts', from(`RUN ${'--mount=type=cache,target=/x '.repeat(2000)} a`)],
  ['a mount with many fields', from(`RUN --mount=${'ro,'.repeat(20_000)}target=/x a`)],
  ['a deep array', from(`CMD ${'['.repeat(60_000)}`)],
  ['a long array', from(`CMD ["a"${',"a"'.repeat(15_000)}]`)],
  ['many blanks', from(`CMD ${' '.repeat(30_000)}x${' '.repeat(30_000)}`)],
  ['a directive of blanks', `# escape=${' '.repeat(60_000)}x\nFROM scratch`],
  ['nested triggers', from('ONBUILD '.repeat(8000))],
  ['values that double', from(`ENV a=x\n${'ENV a=$a$a\n'.repeat(60)}`)],
  ['a pattern with many ways', from(`${LONG_VALUE}\nENV b=\${a##${'*a'.repeat(10_000)}*b}`)],
  ['replacements that grow', from(`${LONG_VALUE}\n${'ENV a=${a//a/aaaaaaaa}\n'.repeat(20)}`)],
  ['many stages', 'FROM scratch AS a\n'.repeat(20_000)],
  ['odd bytes', from(`RUN ${Buffer.from([0xff, 0xc0, 0x80, 0]).toString('latin1')}`)],
])('%s', (_name, text) => {
  timed(text)
})
