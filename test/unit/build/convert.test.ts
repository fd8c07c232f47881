import { describe, expect, test } from 'vitest'
import type { BaseImage, Inputs } from '../../../lib/build/frontend/conversion.ts'
import { convert } from '../../../lib/build/frontend/convert.ts'
import { makeStep } from '../../../lib/build/frontend/make-step.ts'
import { settingsDocument } from '../../../lib/build/frontend/settings.ts'
import type { Step } from '../../../lib/build/graph.ts'
import type { BuildOptions } from '../../../lib/build/options.ts'
import { parseDockerfile } from '../../../lib/dockerfile/parse.ts'
import { parseImageConfig } from '../../../lib/oci/image.ts'
import { plainBuild as options } from '../../helpers/plain-build.ts'

const BASE = {
  config: { Env: ['PATH=/bin', 'A=base'], Cmd: ['sh'], WorkingDir: '/w' },
  history: [{ created: '2020-01-01T00:00:00Z', created_by: 'base' }],
}

const tree = (name: string): Step =>
  makeStep(
    {
      name,
      location: undefined,
      inputs: [],
      operation: { type: 'tree', open: () => Promise.reject(new Error('closed')) },
      fresh: false,
    },
    name,
  )

const images = (config: unknown): Inputs => ({
  image: async (text, _platform, nameOf): Promise<BaseImage> => ({
    step: makeStep(
      {
        name: nameOf(text),
        location: undefined,
        inputs: [],
        operation: { type: 'image', layers: [] },
        fresh: false,
      },
      text,
    ),
    config: parseImageConfig(Buffer.from(JSON.stringify(config))),
    layers: [],
  }),
  context: () => tree('context'),
  named: async () => undefined,
  url: (address, name) => tree(`${address} ${name}`),
  repository: (address) => tree(address),
})

const amd64 = { os: 'linux', architecture: 'amd64', variant: '' }
const arm64 = { os: 'linux', architecture: 'arm64', variant: '' }

async function build(text: string, more: Partial<BuildOptions> = {}, config: unknown = BASE) {
  const { state, usedArgs } = await convert({
    dockerfile: parseDockerfile(text, 'Dockerfile'),
    options: { ...options, ...more },
    platforms: { build: amd64, target: arm64 },
    inputs: images(config),
    showPlatform: false,
    epoch: undefined,
  })
  return { state, usedArgs, history: state.history.map(({ createdBy }) => createdBy) }
}

/** Names of the steps below one, the lowest first. */
function names(step: Step): string[] {
  const [base] = step.inputs
  return [...(base ? names(base) : []), ...(step.operation.type === 'scratch' ? [] : [step.name])]
}

describe('history', () => {
  test.each([
    ['ENV A=1 B="two words"', 'ENV A=1 B=two words'],
    ['ENV A=$A-more', 'ENV A=base-more'],
    ['ENV old form', 'ENV old=form'],
    ['LABEL a=b "c d"=e', 'LABEL a=b c d=e'],
    ['ARG X=1', 'ARG X=1'],
    ['ARG X', 'ARG X'],
    ['ARG X=1 Y=$X-y ${A}Z=2 "Q"', 'ARG X=1 Y=-y baseZ=2 Q'],
    ['EXPOSE 80 443/udp', 'EXPOSE map[443/udp:{} 80/tcp:{}]'],
    ['EXPOSE 7000-7001', 'EXPOSE map[7000/tcp:{} 7001/tcp:{}]'],
    ['VOLUME /data /more', 'VOLUME [/data /more]'],
    ['USER me:us', 'USER me:us'],
    ['WORKDIR sub', 'WORKDIR /w/sub'],
    ['WORKDIR /', 'WORKDIR /'],
    ['STOPSIGNAL SIGINT', 'STOPSIGNAL SIGINT'],
    ['MAINTAINER some body', 'MAINTAINER some body'],
    ['SHELL ["/bin/sh", "-ec"]', 'SHELL [/bin/sh -ec]'],
    ['CMD echo hi', 'CMD ["/bin/sh" "-c" "echo hi"]'],
    ['CMD ["a", "b c"]', 'CMD ["a" "b c"]'],
    ['ENTRYPOINT ["a"]', 'ENTRYPOINT ["a"]'],
    ['RUN echo hi', 'RUN /bin/sh -c echo hi # buildkit'],
    ['RUN ["echo", "hi"]', 'RUN echo hi # buildkit'],
    ['COPY a b /to/', 'COPY a b /to/ # buildkit'],
    ['COPY --chown=1:2 --chmod=644 a .', 'COPY --chown=1:2 --chmod=644 a . # buildkit'],
    ['ADD a /x', 'ADD a /x # buildkit'],
    [
      'HEALTHCHECK --interval=5m --timeout=3s CMD curl x',
      `HEALTHCHECK &{["CMD-SHELL" "curl x"] "5m0s" "3s" "0s" "0s" '\\x00'}`,
    ],
    ['HEALTHCHECK NONE', `HEALTHCHECK &{["NONE"] "0s" "0s" "0s" "0s" '\\x00'}`],
  ])('%s', async (instruction, expected) => {
    expect((await build(`FROM base\n${instruction}\n`)).history).toEqual([expected])
  })

  test('triggers are not told of', async () => {
    const { state, history } = await build('FROM base\nONBUILD RUN x\n')
    expect(history).toEqual([])
    expect(settingsDocument(state.settings)).toMatchObject({ OnBuild: ['RUN x'] })
  })

  test('build arguments stand before commands', async () => {
    const { history } = await build('FROM base\nARG X=1\nARG Y\nRUN make\n', {
      buildArgs: { Y: 'given' },
    })
    expect(history).toEqual(['ARG X=1', 'ARG Y', 'RUN |2 X=1 Y=given /bin/sh -c make # buildkit'])
  })

  test('names of build arguments may be made of variables', async () => {
    const { history, usedArgs } = await build(
      'FROM base\nENV N=NAME\nARG ${N}_X=1\nARG $N\nRUN x\n',
      { buildArgs: { NAME_X: 'given', NAME: 'too' } },
    )
    expect(history.at(-1)).toBe('RUN |2 NAME_X=given NAME=too /bin/sh -c x # buildkit')
    expect([...usedArgs]).toEqual(['NAME_X', 'NAME'])
  })

  test('a here-document is a script', async () => {
    const { history, state } = await build('FROM base\nRUN <<EOF\necho 1\necho 2\nEOF\n')
    expect(history).toEqual(['RUN /bin/sh -c echo 1\necho 2\n # buildkit'])
    expect(state.files.operation).toMatchObject({
      meta: { args: ['/bin/sh', '-c', 'echo 1\necho 2\n'] },
    })
  })

  test('a here-document with an interpreter is a file', async () => {
    const { state } = await build('FROM base\nRUN <<EOF\n#!/usr/bin/awk -f\nBEGIN { }\nEOF\n')
    expect(state.files.operation).toMatchObject({
      meta: { args: ['/dev/pipes/EOF'] },
      scripts: [{ path: '/dev/pipes/EOF', content: '#!/usr/bin/awk -f\nBEGIN { }\n' }],
    })
  })

  test('a here-document of a command is the shell’s', async () => {
    const { state } = await build('FROM base\nRUN cat <<EOF > /x\nhello\nEOF\n')
    expect(state.files.operation).toMatchObject({
      meta: { args: ['/bin/sh', '-c', 'cat <<EOF > /x\nhello\nEOF'] },
    })
  })
})

describe('settings', () => {
  test('an entrypoint takes away the base’s command, not the stage’s own', async () => {
    const one = await build('FROM base\nENTRYPOINT ["e"]\n')
    expect(settingsDocument(one.state.settings)).not.toHaveProperty('Cmd')
    const two = await build('FROM base\nCMD ["c"]\nENTRYPOINT ["e"]\n')
    expect(settingsDocument(two.state.settings)).toMatchObject({ Cmd: ['c'], Entrypoint: ['e'] })
  })

  test('ENV of one line sees what was before it', async () => {
    const { state } = await build('FROM base\nENV A=new B=$A\n')
    expect(settingsDocument(state.settings)).toMatchObject({
      Env: ['PATH=/bin', 'A=new', 'B=base'],
    })
  })

  test('arguments are no settings, and commands see them', async () => {
    const { state } = await build('FROM base\nARG V=1\nRUN x\n')
    expect(settingsDocument(state.settings)).toMatchObject({ Env: ['PATH=/bin', 'A=base'] })
    expect(state.files.operation).toMatchObject({ env: ['PATH=/bin', 'A=base', 'V=1'] })
  })

  test('from scratch there is a PATH', async () => {
    const { state } = await build('FROM scratch\nENV A=1\n')
    expect(settingsDocument(state.settings)).toMatchObject({
      Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'A=1'],
      WorkingDir: '/',
    })
  })
})

describe('arguments', () => {
  test('of the head are for FROM, and for stages that ask', async () => {
    const { state } = await build('ARG TAG=1\nFROM base:$TAG\nARG TAG\nENV T=$TAG P=$TARGETARCH\n')
    expect(names(state.files)).toEqual(['[1/1] FROM base:1'])
    expect(settingsDocument(state.settings)).toMatchObject({
      Env: expect.arrayContaining(['T=1', 'P=']),
    })
  })

  test('platforms are known when asked for', async () => {
    const { state } = await build(
      'FROM base\nARG TARGETARCH BUILDPLATFORM\nENV T=$TARGETARCH B=$BUILDPLATFORM\n',
    )
    expect(settingsDocument(state.settings)).toMatchObject({
      Env: expect.arrayContaining(['T=arm64', 'B=linux/amd64']),
    })
  })

  test('those that nobody asks for are told', async () => {
    const { usedArgs } = await build('FROM base\nARG KNOWN\n', {
      buildArgs: { KNOWN: '1', OTHER: '2' },
    })
    expect(usedArgs.has('KNOWN')).toBe(true)
    expect(usedArgs.has('OTHER')).toBe(false)
  })

  test('proxies reach commands and are no part of what they make', async () => {
    const text = 'FROM base\nRUN x\n'
    const one = await build(text)
    const two = await build(text, { buildArgs: { HTTP_PROXY: 'http://p:1' } })
    expect(two.state.files.operation).toMatchObject({
      proxies: ['HTTP_PROXY=http://p:1', 'http_proxy=http://p:1'],
    })
    expect(two.state.files.digest).toBe(one.state.files.digest)
    expect(two.history).toEqual(one.history)
  })
})

describe('stages', () => {
  test('steps are counted per stage, and named where there are several', async () => {
    const { state } = await build(
      'FROM base AS one\nRUN a\nFROM base\nWORKDIR /x\nCOPY --from=one /a /b\nRUN c\n',
    )
    expect(names(state.files)).toEqual([
      '[stage-1 1/4] FROM base',
      '[stage-1 2/4] WORKDIR /x',
      '[stage-1 3/4] COPY --from=one /a /b',
      '[stage-1 4/4] RUN c',
    ])
  })

  test('a stage goes on where another one ended', async () => {
    const { state, history } = await build('FROM base AS one\nENV X=1\nRUN a\nFROM one\nRUN b\n')
    expect(history).toEqual([
      'ENV X=1',
      'RUN /bin/sh -c a # buildkit',
      'RUN /bin/sh -c b # buildkit',
    ])
    expect(settingsDocument(state.settings)).toMatchObject({ Env: ['PATH=/bin', 'A=base', 'X=1'] })
  })

  test.each([
    ['COPY --from=other:1 /a /', '[stage-0 2/2] COPY --from=other:1 /a /'],
    ['RUN --mount=type=tmpfs,target=/c x', '[stage-0 2/2] RUN --mount=type=tmpfs,target=/c x'],
    ['COPY a /', '[2/2] COPY a /'],
  ])('one that is alone has no name, unless it takes from elsewhere: %s', async (text, name) => {
    const { state } = await build(`FROM base\n${text}\n`)
    expect(names(state.files).at(-1)).toBe(name)
  })

  test('a target is a name, whatever its case, and no number', async () => {
    const text = 'FROM base AS one\nRUN a\nFROM base AS two\nRUN b\n'
    expect((await build(text, { target: 'ONE' })).history).toEqual(['RUN /bin/sh -c a # buildkit'])
    await expect(build(text, { target: '0' })).rejects.toThrow(
      'target stage "0" could not be found',
    )
    await expect(build(text, { target: 'three' })).rejects.toThrow(
      'target stage "three" could not be found',
    )
  })

  test('stages that nobody needs are not looked at', async () => {
    const { history } = await build(`FROM base AS broken\nENV X=\${Y:?gone}\nFROM base\nRUN b\n`)
    expect(history).toEqual(['RUN /bin/sh -c b # buildkit'])
  })

  test('stages on each other are refused', async () => {
    await expect(
      build('FROM base AS one\nCOPY --from=two /a /\nFROM base AS two\nCOPY --from=one /a /\n'),
    ).rejects.toThrow(/circular dependency detected on stage: (one|two)/)
  })

  test('more on top of each other than can be followed is refused', async () => {
    const numbers = Array.from({ length: 20_000 }, (_, index) => index)
    const stages = numbers.map((index) => `FROM s${index} AS s${index + 1}\n`).join('')
    await expect(build(`FROM base AS s0\n${stages}`)).rejects.toThrow('max depth exceeded')
    const backwards = numbers.map(
      (index) => `FROM base AS s${index}\nCOPY --from=s${index + 1} / /\n`,
    )
    await expect(build(`${backwards.join('')}FROM base AS s20000\n`)).rejects.toThrow(
      'max depth exceeded',
    )
    const steps = numbers.map((index) => `WORKDIR /${index}\n`).join('')
    await expect(build(`FROM base\n${steps}`)).rejects.toThrow('max depth exceeded')
  })

  test('triggers of the base come first, and go', async () => {
    const { history, state } = await build(
      'FROM base\nRUN own\n',
      {},
      {
        config: { OnBuild: ['RUN triggered', 'ENV X=1'] },
      },
    )
    expect(history).toEqual([
      'RUN /bin/sh -c triggered # buildkit',
      'ENV X=1',
      'RUN /bin/sh -c own # buildkit',
    ])
    expect(state.settings.onBuild).toEqual([])
  })
})

describe('COPY', () => {
  test.each([
    ['COPY a b', '/w/b', false],
    ['COPY a b/', '/w/b/', true],
    ['COPY a .', '/w/', true],
    ['COPY a /', '/', true],
    ['COPY a ..', '/', true],
  ])('%s', async (instruction, destination, isDirectory) => {
    const { state } = await build(`FROM base\n${instruction}\n`)
    expect(state.files.operation).toMatchObject({ actions: [{ destination, isDirectory }] })
  })

  test('--link stands on nothing', async () => {
    const { state } = await build('FROM base\nRUN x\nCOPY --link a /a\nCOPY --link b /b\n')
    expect(state.files.operation.type).toBe('merge')
    expect(state.files.inputs.map(({ operation }) => operation.type)).toEqual([
      'run',
      'files',
      'files',
    ])
    expect(state.files.inputs[1]?.inputs[0]?.operation.type).toBe('scratch')
  })

  test.each([
    ['COPY https://example.com/x /', "source can't be a URL for COPY"],
    ['COPY https://example.com/x.git /', "source can't be a git ref for COPY"],
  ])('%s', async (instruction, message) => {
    await expect(build(`FROM base\n${instruction}\n`)).rejects.toThrow(message)
  })
})
