// biome-ignore-all lint/suspicious/noTemplateCurlyInString: they are what is tested
import { describe, expect, test } from 'vitest'
import type { LintFacts } from '../../../lib/dockerfile/lint/facts.ts'
import { lintDocument, lintText } from '../../../lib/dockerfile/lint/print.ts'
import { RULES, type RuleName, ruleUrl } from '../../../lib/dockerfile/lint/rules.ts'
import { lint } from '../../../lib/dockerfile/lint.ts'
import { FACTS } from './facts.ts'
import { read, refusal } from './read.ts'

/** What is found: line, rule and message. */
const found = (lines: readonly string[], facts: Partial<LintFacts> = {}): string[] =>
  lint(read(...lines), { ...FACTS, ...facts }).warnings.map(
    ({ rule, message, start }) => `${start} ${rule}: ${message}`,
  )

const FROM = 'FROM alpine'

describe('rules about text', () => {
  test.each([
    [
      ['FROM alpine AS BuilderBase'],
      ["1 StageNameCasing: Stage name 'BuilderBase' should be lowercase"],
    ],
    [
      ['FROM alpine as a', 'from alpine AS b', 'From alpine aS c'],
      [
        "1 FromAsCasing: 'as' and 'FROM' keywords' casing do not match",
        "2 FromAsCasing: 'AS' and 'from' keywords' casing do not match",
        "2 ConsistentInstructionCasing: Command 'from' should match the case of the command majority (uppercase)",
        "3 ConsistentInstructionCasing: Command 'From' should match the case of the command majority (uppercase)",
      ],
    ],
    [
      ['from alpine', 'copy a b', 'RUN x', 'Workdir /a'],
      [
        "3 ConsistentInstructionCasing: Command 'RUN' should match the case of the command majority (lowercase)",
        "4 ConsistentInstructionCasing: Command 'Workdir' should match the case of the command majority (lowercase)",
      ],
    ],
    // ARG before the first FROM does not count.
    [['arg a=1', FROM], []],
    [
      [FROM, 'RUN a \\', '', '  b \\', '# c', ' c'],
      ['6 NoEmptyContinuation: Empty continuation line'],
    ],
    [
      ['FROM scratch AS a', 'FROM scratch AS A', 'FROM scratch AS context', 'FROM a AS scratch'],
      [
        "2 StageNameCasing: Stage name 'A' should be lowercase",
        '2 DuplicateStageName: Duplicate stage name "a", stage names should be unique',
        '3 ReservedStageName: Stage name should not use the same name as reserved stage "context"',
        '4 ReservedStageName: Stage name should not use the same name as reserved stage "scratch"',
      ],
    ],
    [
      [FROM, 'MAINTAINER me'],
      ['2 MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label'],
    ],
  ])('%j', (lines, expected) => {
    expect(found(lines)).toEqual(expected)
  })
})

describe('rules about FROM', () => {
  test.each([
    [
      ['ARG VERSION=1', 'FROM alpine:${VERSIO:-2}', 'FROM --platform=$PLAT alpine'],
      [
        "2 UndefinedArgInFrom: FROM argument 'VERSIO' is not declared (did you mean VERSION?)",
        "3 UndefinedArgInFrom: FROM argument 'PLAT' is not declared",
      ],
    ],
    [['ARG TAG', 'FROM alpine:${TAG:-1}'], []],
    [
      ['ARG TAG', 'ARG OTHER=', 'FROM alpine:$TAG', 'FROM alpine:${OTHER}', 'FROM $TAG'],
      [
        '3 InvalidDefaultArgInFrom: Default value for ARG alpine:$TAG results in empty or invalid base image name',
        '4 InvalidDefaultArgInFrom: Default value for ARG alpine:${OTHER} results in empty or invalid base image name',
        '5 InvalidDefaultArgInFrom: Default value for ARG $TAG results in empty or invalid base image name',
      ],
    ],
    [
      ['FROM --platform=$TARGETPLATFORM alpine', 'FROM --platform=${TARGETPLATFORM} alpine'],
      [
        '1 RedundantTargetPlatform: Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior',
        '2 RedundantTargetPlatform: Setting platform to predefined ${TARGETPLATFORM} in FROM is redundant as this is the default behavior',
      ],
    ],
    [['FROM --platform=$BUILDPLATFORM alpine'], []],
    [
      [
        'FROM --platform=linux/amd64 alpine',
        'FROM --platform=linux/amd64 alpine AS build_amd64',
        'FROM --platform=linux/${TARGETARCH} alpine',
      ],
      [
        '1 FromPlatformFlagConstDisallowed: FROM --platform flag should not use constant value "linux/amd64"',
      ],
    ],
  ])('%j', (lines, expected) => {
    expect(found(lines)).toEqual(expected)
  })

  test('an image of another platform', () => {
    const image = { env: new Map<string, string>(), hasShell: false, platform: 'linux/arm64/v8' }
    expect(found([FROM], { baseOf: () => ({ image }) })).toEqual([
      '1 InvalidBaseImagePlatform: Base image alpine was pulled with platform "linux/arm64/v8", expected "linux/amd64" for current build',
    ])
  })
})

describe('rules about stages', () => {
  test.each([
    [
      [
        FROM,
        'COPY $sources$foo .',
        'ARG foo',
        'COPY a$foo .',
        'ENV fob=1',
        'USER $foe',
        'VOLUME $u',
      ],
      [
        "2 UndefinedVar: Usage of undefined variable '$sources'",
        "2 UndefinedVar: Usage of undefined variable '$foo'",
        "6 UndefinedVar: Usage of undefined variable '$foe' (did you mean $fob?)",
        "7 UndefinedVar: Usage of undefined variable '$u'",
      ],
    ],
    [
      [
        FROM,
        'ENV a=$before before=1 PATH=/x:$PATH',
        'LABEL l=$label',
        'RUN --mount=source=$mount,target=/x $e',
      ],
      [
        "2 UndefinedVar: Usage of undefined variable '$before'",
        "3 UndefinedVar: Usage of undefined variable '$label'",
        "4 UndefinedVar: Usage of undefined variable '$mount'",
      ],
    ],
    [
      [FROM, 'ARG a=$arg', 'COPY <<A <<"B" /x', '$copy', 'A', '$d', 'B', 'STOPSIGNAL $stop'],
      [
        "2 UndefinedVar: Usage of undefined variable '$arg'",
        "3 UndefinedVar: Usage of undefined variable '$copy'",
        "8 UndefinedVar: Usage of undefined variable '$stop'",
      ],
    ],
    [
      [FROM, 'WORKDIR a', 'WORKDIR b', FROM, 'WORKDIR /a', 'WORKDIR b'],
      [
        '2 WorkdirRelativePath: Relative workdir "a" can have unexpected results if the base image changes',
      ],
    ],
    [
      [FROM, 'ENV a b', 'LABEL c d', 'ENV e=f'],
      [
        '2 LegacyKeyValueFormat: "ENV key=value" should be used instead of legacy "ENV key value" format',
        '3 LegacyKeyValueFormat: "LABEL key=value" should be used instead of legacy "LABEL key value" format',
      ],
    ],
    [
      [FROM, 'CMD ["a"]', 'HEALTHCHECK NONE', 'CMD b', 'HEALTHCHECK NONE', FROM, 'CMD ["c"]'],
      [
        '2 MultipleInstructionsDisallowed: Multiple CMD instructions should not be used in the same stage because only the last one will be used',
        '4 JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
        '3 MultipleInstructionsDisallowed: Multiple HEALTHCHECK instructions should not be used in the same stage because only the last one will be used',
      ],
    ],
    [
      [FROM, 'ENTRYPOINT a', 'SHELL ["sh"]', 'CMD a'],
      [
        '2 JSONArgsRecommended: JSON arguments recommended for ENTRYPOINT to prevent unintended behavior related to OS signals',
      ],
    ],
    [
      [
        FROM,
        'ARG TOKEN DB_PASSWORD apikey monkey PUBLIC_KEY SECRET_VERSION',
        'ENV AUTH=1 KEY_FILE=2 api_key=3',
      ],
      [
        '2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "TOKEN")',
        '2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "DB_PASSWORD")',
        '2 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ARG "apikey")',
        '3 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "AUTH")',
        '3 SecretsUsedInArgOrEnv: Do not use ARG or ENV instructions for sensitive data (ENV "api_key")',
      ],
    ],
    [
      [FROM, 'ENV p=81/UDP', 'EXPOSE 80/TcP $p 82/tcp 1:2 127.0.0.1:80:80/tcp'],
      [
        "3 ExposeProtoCasing: Defined protocol '81/UDP' in EXPOSE instruction should be lowercase",
        "3 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '127.0.0.1:80:80/tcp'",
        "3 ExposeInvalidFormat: EXPOSE instruction should not define an IP address or host-port mapping, found '1:2'",
        "3 ExposeProtoCasing: Defined protocol '80/TcP' in EXPOSE instruction should be lowercase",
      ],
    ],
  ])('%j', (lines, expected) => {
    expect(found(lines)).toEqual(expected)
  })

  test('a stage goes on with the variables of the one it stands on', () => {
    const lines = ['FROM alpine AS a', 'ENV x=1', 'ARG y', 'WORKDIR /a', 'FROM a', 'WORKDIR $x$y']
    const baseOf: LintFacts['baseOf'] = (index) =>
      index === 1 ? { stage: 0 } : FACTS.baseOf(index)
    expect(found(lines, { baseOf })).toEqual([])
  })

  test('build arguments and those before FROM', () => {
    const lines = [
      'ARG g=1',
      FROM,
      'ARG g',
      'ARG b',
      'ENV c=${g:?} d=${b:?} e=$TARGETARCH',
      'ARG TARGETARCH',
    ]
    expect(found(lines, { buildArgs: new Map([['b', '2']]) })).toEqual([
      "5 UndefinedVar: Usage of undefined variable '$TARGETARCH'",
    ])
  })

  test('of an image of which nothing is known, no variable can be missing', () => {
    expect(found([FROM, 'USER $x'], { baseOf: () => ({ image: undefined }) })).toEqual([])
  })

  test('stages that nobody needs', () => {
    const lines = ['FROM alpine as A', 'CMD a', FROM, 'CMD b']
    expect(
      found(lines, { needs: (index) => index === 1 }).map((line) => line.split(':')[0]),
    ).toEqual(['1 StageNameCasing', '1 FromAsCasing', '4 JSONArgsRecommended'])
  })
})

describe('experimental rules', () => {
  const ignores = (path: string): boolean => path.startsWith('tmp')

  test('only where they are asked for', () => {
    const lines = [FROM, 'COPY tmp/x /', '# other', 'ARG a']
    expect(found(lines, { ignores })).toEqual([])
    const asked = ['# check=experimental=all', ...lines]
    expect(found(asked, { ignores })).toEqual([
      '5 InvalidDefinitionDescription: Comment for ARG should follow the format: `# a <description>`',
      '3 CopyIgnoredFile: Attempting to Copy file "tmp/x" that is excluded by .dockerignore',
    ])
  })

  test.each([
    [['COPY a ./tmp/y/ /'], ['Copy file "tmp/y"']],
    [['ADD /tmp /'], ['Add file "/tmp"']],
    [['ADD https://x/tmp git@x:tmp /'], []],
    [['COPY --from=x tmp /'], []],
  ])('%j', (lines, expected) => {
    const all = ['# check=experimental=CopyIgnoredFile', FROM, ...lines]
    const said = found(all, { ignores }).map((line) => line.replace(/.* to | that is.*/g, ''))
    expect(said).toEqual(expected)
  })

  test.each([
    [['# a does it', 'FROM alpine AS a'], undefined],
    [['# x does it', '', 'FROM alpine AS a'], undefined],
    [['# x does it', 'FROM alpine'], undefined],
    [['# x', '# b is it', 'ARG a b', FROM], undefined],
    [['# x does it', 'FROM alpine AS a'], 'FROM should follow the format: `# a <description>`'],
    [['# x', 'ARG a b', FROM], 'ARG should follow the format: `# <arg_key> <description>`'],
  ])('%j', (lines, expected) => {
    const all = ['# check=experimental=InvalidDefinitionDescription', ...lines]
    expect(found(all)[0]?.split('Comment for ')[1]).toBe(expected)
  })
})

describe('what is asked for', () => {
  const lines = [FROM, 'CMD a', 'MAINTAINER x']

  test.each([
    ['skip=all', []],
    ['skip=MaintainerDeprecated, JSONArgsRecommended', []],
    ['skip = JSONArgsRecommended ; error = false', ['MaintainerDeprecated']],
  ])('%s', (check, expected) => {
    const { warnings } = lint(read(`# check=${check}`, ...lines), FACTS)
    expect(warnings.map(({ rule }) => rule)).toEqual(expected)
  })

  test('that the build ends with it', () => {
    const { error } = lint(read('# check=error=true', ...lines), FACTS)
    expect(error).toBe('lint violation found for rules: MaintainerDeprecated, JSONArgsRecommended')
    expect(lint(read('# check=error=true', FROM), FACTS).error).toBeUndefined()
  })

  test('a build argument comes first', () => {
    const buildArgs = new Map([['BUILDKIT_DOCKERFILE_CHECK', 'skip=all']])
    expect(found(['# check=error=true', ...lines], { buildArgs })).toEqual([])
  })

  test.each([
    ['foo', 'invalid check option "foo"'],
    ['foo=1', 'invalid check option "foo"'],
    ['skip=all;', 'invalid check option ""'],
    [
      'error=x',
      'failed to parse check option "error=x": strconv.ParseBool: parsing "x": invalid syntax',
    ],
  ])('%s is refused', (check, message) => {
    const step = (): unknown => lint(read(`# check=${check}`, FROM), FACTS)
    expect(refusal(step).message).toBe(`failed to parse check options: ${message}`)
  })
})

describe('results', () => {
  const dockerfile = read('FROM alpine', 'CMD \\', '  a')
  const report = lint(dockerfile, FACTS)

  test('as warnings of a build', () => {
    expect(report.warnings).toEqual([
      {
        level: 1,
        rule: 'JSONArgsRecommended',
        short:
          'JSONArgsRecommended: JSON arguments recommended for CMD to prevent unintended behavior related to OS signals (line 2)',
        detail:
          'JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals',
        url: 'https://docs.docker.com/go/dockerfile/rule/json-args-recommended/',
        file: 'Dockerfile',
        start: 2,
        end: 3,
        message:
          'JSON arguments recommended for CMD to prevent unintended behavior related to OS signals',
      },
    ])
  })

  test('as text', () => {
    expect(lintText(report, dockerfile.lines)).toBe(`Check complete, 1 warning has been found!

WARNING: JSONArgsRecommended - https://docs.docker.com/go/dockerfile/rule/json-args-recommended/
JSON arguments recommended for CMD to prevent unintended behavior related to OS signals
Dockerfile:2
--------------------
   1 |     FROM alpine
   2 | >>> CMD \\
   3 | >>>   a
   4 |     
--------------------
`)
    expect(lintText({ warnings: [], error: undefined }, [])).toBe(
      'Check complete, no warnings found.\n',
    )
  })

  test('as a document', () => {
    expect(lintDocument(report, 'Dockerfile', Buffer.from('x'))).toMatchObject({
      warnings: [
        {
          ruleName: 'JSONArgsRecommended',
          location: {
            sourceIndex: 0,
            ranges: [
              { start: { line: 2, character: 0 }, end: { line: 2, character: 0 } },
              { start: { line: 3, character: 0 }, end: { line: 3, character: 0 } },
            ],
          },
        },
      ],
      sources: [{ filename: 'Dockerfile', language: 'Dockerfile', data: 'eA==' }],
    })
  })

  test('addresses of all rules', () => {
    const names = Object.keys(RULES) as RuleName[]
    const pages = names.map((name) => ruleUrl(name).split('/').at(-2))
    expect(pages).toEqual([
      'stage-name-casing',
      'from-as-casing',
      'no-empty-continuation',
      'consistent-instruction-casing',
      'duplicate-stage-name',
      'reserved-stage-name',
      'json-args-recommended',
      'maintainer-deprecated',
      'undefined-arg-in-from',
      'undefined-var',
      'workdir-relative-path',
      'legacy-key-value-format',
      'multiple-instructions-disallowed',
      'invalid-base-image-platform',
      'redundant-target-platform',
      'secrets-used-in-arg-or-env',
      'invalid-default-arg-in-from',
      'from-platform-flag-const-disallowed',
      'copy-ignored-file',
      'invalid-definition-description',
      'expose-proto-casing',
      'expose-invalid-format',
    ])
  })
})
