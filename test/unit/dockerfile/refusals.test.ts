import { expect, test } from 'vitest'
import { parseDockerfile } from '../../../lib/dockerfile/parse.ts'
import { read, readOne, refusal } from './read.ts'

/** Sentences of Docker (26.1; names of flags with their `--`, as later versions have them). */
test.each([
  ['FORM x', 'unknown instruction: FORM (did you mean FROM?)'],
  ['run2 x', 'unknown instruction: run2 (did you mean run?)'],
  ['Runn', 'unknown instruction: Runn (did you mean run?)'],
  ['foo', 'unknown instruction: foo (did you mean from?)'],
  ['SOMETHING', 'unknown instruction: SOMETHING'],
  ['COPY --form=a b c', 'unknown flag: --form (did you mean from?)'],
  ['ADD --from=a b c', 'unknown flag: --from'],
  ['ADD --zzzzzzzzz b c', 'unknown flag: --zzzzzzzzz'],
  ['COPY --from b c', 'missing a value on flag: --from'],
  ['COPY --link= b c', 'missing a value on flag: --link'],
  ['COPY --link=maybe b c', 'expecting boolean value for flag --link, not: maybe'],
  ['COPY --chown=1 --chown=2 b c', 'duplicate flag specified: --chown'],
  ['COPY --__proto__=1 b c', 'unknown flag: --__proto__'],
  [
    'COPY b',
    'COPY requires at least two arguments, but only one was provided. Destination could not be determined',
  ],
  [
    'ADD',
    'ADD requires at least two arguments, but only one was provided. Destination could not be determined',
  ],
  ['FROM', 'FROM requires either one or three arguments'],
  ['FROM a b', 'FROM requires either one or three arguments'],
  ['FROM a b c', 'FROM requires either one or three arguments'],
  [
    'FROM a as 1x',
    'invalid name for build stage: "1x", name can\'t start with a number or contain symbols',
  ],
  [
    'FROM a AS Büx',
    'invalid name for build stage: "Büx", name can\'t start with a number or contain symbols',
  ],
  ['ENV', 'ENV requires at least one argument'],
  ['ENV =1', 'ENV names can not be blank'],
  ['LABEL', 'LABEL requires at least one argument'],
  ['ARG', 'ARG requires at least one argument'],
  ['ARG =1', 'ARG names can not be blank'],
  ['ONBUILD', 'ONBUILD requires at least one argument'],
  ['ONBUILD ONBUILD RUN x', "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"],
  ['ONBUILD from x', "FROM isn't allowed as an ONBUILD trigger"],
  ['ONBUILD maintainer x', "MAINTAINER isn't allowed as an ONBUILD trigger"],
  ['SHELL', 'SHELL requires at least one argument'],
  ['SHELL []', 'SHELL requires at least one argument'],
  ['SHELL sh -c', 'SHELL requires the arguments to be in JSON form'],
  ['HEALTHCHECK', 'HEALTHCHECK requires at least one argument'],
  ['HEALTHCHECK NONE x', 'HEALTHCHECK NONE takes no arguments'],
  ['HEALTHCHECK FOO x', 'Unknown type "FOO" in HEALTHCHECK (try CMD)'],
  ['HEALTHCHECK CMD', 'Missing command after HEALTHCHECK CMD'],
  ['HEALTHCHECK --interval=5 CMD x', 'time: missing unit in duration "5"'],
  ['HEALTHCHECK --interval=1us CMD x', 'Interval "interval" cannot be less than 1ms'],
  ['HEALTHCHECK --timeout=-1s CMD x', 'Interval "timeout" cannot be less than 1ms'],
  ['HEALTHCHECK --retries=x CMD x', 'strconv.ParseInt: parsing "x": invalid syntax'],
  ['HEALTHCHECK --retries=-1 CMD x', '--retries cannot be negative (-1)'],
  [
    'HEALTHCHECK --retries=99999999999 CMD x',
    'strconv.ParseInt: parsing "99999999999": value out of range',
  ],
  ['HEALTHCHECK --retrys=1 CMD x', 'unknown flag: --retrys (did you mean retries?)'],
  ['EXPOSE', 'EXPOSE requires at least one argument'],
  ['VOLUME', 'VOLUME requires at least one argument'],
  ['VOLUME [" "]', 'VOLUME specified can not be an empty string'],
  ['USER', 'USER requires exactly one argument'],
  ['USER --foo 9', 'unknown flag: --foo'],
  ['WORKDIR', 'WORKDIR requires exactly one argument'],
  ['STOPSIGNAL', 'STOPSIGNAL requires exactly one argument'],
  ['MAINTAINER', 'MAINTAINER requires exactly one argument'],
  ['RUN --network=foo x', 'invalid network mode "foo"'],
  ['RUN --security=foo x', 'security "foo" is not valid'],
  [
    'RUN --device=a.com/b=c x',
    'RUN --device=a.com/b=c is not supported: steps of a build get no devices of the host',
  ],
  ['RUN --mount= x', 'failed to parse csv mounts: EOF'],
  [
    "RUN --mount='a\"b' x",
    'failed to parse csv mounts: parse error on line 1, column 2: bare " in non-quoted-field',
  ],
  [
    'RUN --mount=from=$x,target=/y x',
    "'from' doesn't support variable expansion, define alias stage instead",
  ],
])('%s is refused: %s', (line, message) => {
  expect(refusal(() => readOne(line))).toEqual({
    message: `dockerfile parse error on line 2: ${message}`,
    location: { start: 2, end: 2 },
  })
})

/** What is seen before instructions are understood. */
test.each([
  ['ENV a', 'ENV must have two arguments'],
  ['LABEL a', 'LABEL must have two arguments'],
  ['ONBUILD ENV a', 'ENV must have two arguments'],
  ['ENV a=1 b', 'Syntax error - can\'t find = in "b". Must be of the form: name=value'],
  ['CMD ["a", 1]', 'when using JSON array syntax, arrays must be comprised of strings only'],
  ['VOLUME [null]', 'when using JSON array syntax, arrays must be comprised of strings only'],
])('%s: %s', (line, message) => {
  expect(refusal(() => readOne(line))).toEqual({ message, location: { start: 2, end: 2 } })
})

test.each([
  [[], 'the Dockerfile cannot be empty', undefined],
  [['# nothing', ''], 'file with no instructions', { start: 2, end: 2 }],
  [['RUN x'], 'no build stage in current context', { start: 1, end: 1 }],
  [['ARG x'], 'dockerfile contains no stages to build', undefined],
])('%j: %s', (lines, message, location) => {
  const step = (): unknown => (lines.length === 0 ? readNothing() : read(...lines))
  expect(refusal(step)).toEqual({ message, location })
})

const readNothing = (): unknown => parseDockerfile('', 'Dockerfile')
