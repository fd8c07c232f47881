import type { Instruction } from '../ast.ts'
import { trimBlank } from '../characters.ts'
import { DockerfileError } from '../errors.ts'
import type { Statement } from '../statements.ts'
import { atLeastOne, commandOf, common, exactlyOne, type Understanding } from './arguments.ts'

type SettingKind =
  | 'ARG'
  | 'ENV'
  | 'LABEL'
  | 'CMD'
  | 'ENTRYPOINT'
  | 'EXPOSE'
  | 'VOLUME'
  | 'USER'
  | 'WORKDIR'
  | 'STOPSIGNAL'
  | 'MAINTAINER'
  | 'SHELL'

/** What only changes the configuration of the image, or the variables of the build, and has no flags. */
const READERS: Readonly<Record<SettingKind, (statement: Statement) => Instruction>> = {
  ARG: readArg,
  ENV: (statement) => readPairs(statement, 'ENV'),
  LABEL: (statement) => readPairs(statement, 'LABEL'),
  CMD: (statement) => readCommand(statement, 'CMD'),
  ENTRYPOINT: (statement) => readCommand(statement, 'ENTRYPOINT'),
  EXPOSE: (statement) => ({
    ...common(statement),
    kind: 'EXPOSE',
    ports: atLeastOne('EXPOSE', statement.args).toSorted(),
  }),
  VOLUME: readVolume,
  USER: (statement) => ({ ...common(statement), kind: 'USER', user: exactlyOne(statement) }),
  WORKDIR: (statement) => ({ ...common(statement), kind: 'WORKDIR', path: exactlyOne(statement) }),
  STOPSIGNAL: (statement) => ({
    ...common(statement),
    kind: 'STOPSIGNAL',
    signal: exactlyOne(statement),
  }),
  MAINTAINER: (statement) => ({
    ...common(statement),
    kind: 'MAINTAINER',
    maintainer: exactlyOne(statement),
  }),
  SHELL: readShell,
}

export const SETTINGS: readonly (readonly [string, Understanding])[] = Object.entries(READERS).map(
  ([name, read]) => [name, { flags: {}, read }] as const,
)

function readArg(statement: Statement): Instruction {
  const args = atLeastOne('ARG', statement.args).map((word) => {
    const equals = word.indexOf('=')
    if (equals === 0) throw new DockerfileError('ARG names can not be blank')
    if (equals < 0) return { key: word, value: undefined }
    return { key: word.slice(0, equals), value: word.slice(equals + 1) }
  })
  return { ...common(statement), kind: 'ARG', args, comments: statement.comments }
}

function readPairs(statement: Statement, kind: 'ENV' | 'LABEL'): Instruction {
  const pairs = atLeastOne(kind, statement.pairs)
  if (pairs.some(({ key }) => key === '')) {
    throw new DockerfileError(`${kind} names can not be blank`)
  }
  return { ...common(statement), kind, pairs, legacy: statement.legacy }
}

const readCommand = (statement: Statement, kind: 'CMD' | 'ENTRYPOINT'): Instruction => ({
  ...common(statement),
  kind,
  command: commandOf(statement),
})

function readVolume(statement: Statement): Instruction {
  const volumes = atLeastOne('VOLUME', statement.args).map(trimBlank)
  if (volumes.includes('')) {
    throw new DockerfileError('VOLUME specified can not be an empty string')
  }
  return { ...common(statement), kind: 'VOLUME', volumes }
}

function readShell(statement: Statement): Instruction {
  const shell = atLeastOne('SHELL', statement.args)
  if (!statement.json) {
    throw new DockerfileError('SHELL requires the arguments to be in JSON form')
  }
  return { ...common(statement), kind: 'SHELL', shell }
}
