import { posix } from 'node:path'
import type { Copy } from '../../dockerfile/ast.ts'
import { DockerfileError } from '../../dockerfile/errors.ts'
import { parseGitAddress } from '../context/git-address.ts'
import { nameOfUrl } from '../context/trees.ts'
import type { FileAction, Step } from '../graph.ts'
import type { Conversion } from './conversion.ts'
import { makeStep, scratch } from './make-step.ts'
import { filesOf } from './sources.ts'
import { addHistory, type StageState, stepName } from './stage.ts'

/** COPY and ADD: one step, whatever their sources are. */
export async function copyFiles(
  conversion: Conversion,
  state: StageState,
  copy: Copy,
): Promise<void> {
  const said = expandCopy(conversion, state, copy)
  checkCopy(said)
  const base = said.link ? scratch() : state.files
  const inputs: Step[] = [base]
  const actions: FileAction[] = []
  const from = await mainSource(conversion, state, said)
  for (const source of said.sources) {
    const { step, action } = sourceAction(conversion, said, source, from)
    if (!inputs.includes(step)) inputs.push(step)
    actions.push({ ...action, input: inputs.indexOf(step) } as FileAction)
  }
  actions.push(...said.inline.map((file) => inlineAction(said, file)))
  const step = makeStep({
    name: stepName(
      state,
      conversion.expander.shown(said.original, state.env),
      conversion.showPlatform,
    ),
    location: said.location,
    inputs,
    operation: { type: 'files', actions, epoch: conversion.epoch },
    fresh: state.fresh,
  })
  state.files = said.link ? mergeOnto(state.files, step) : step
  addHistory(state, `${historyText(said)} # buildkit`, step)
}

/** Layers of `--link` steps in a row come onto one parent. */
function mergeOnto(parent: Step, step: Step): Step {
  const inputs = parent.operation.type === 'merge' ? [...parent.inputs, step] : [parent, step]
  return makeStep({
    name: step.name,
    location: step.location,
    inputs,
    operation: { type: 'merge' },
    fresh: false,
  })
}

/** `shown`: the destination as it is written. */
type SaidCopy = Copy & { shown: string }

function expandCopy({ expander }: Conversion, { env, settings }: StageState, copy: Copy): SaidCopy {
  const word = (text: string): string => expander.word(text, env)
  const optional = (text: string | undefined): string | undefined =>
    text === undefined ? undefined : word(text)
  const sources = copy.sources.map(word)
  const destination = word(copy.destination)
  const slash = /(^|\/)\.?$/.test(destination) && destination !== '' ? '/' : ''
  const resolved = posix.resolve('/', settings.workingDir, destination)
  return {
    ...copy,
    sources,
    inline: copy.inline.map((file) => ({
      ...file,
      path: word(file.path),
      content: file.expand ? expander.text(file.content, env) : file.content,
    })),
    shown: destination,
    destination: resolved === '/' ? '/' : resolved + slash,
    from: optional(copy.from),
    chown: optional(copy.chown),
    chmod: optional(copy.chmod),
    exclude: copy.exclude.map(word),
    checksum: optional(copy.checksum),
  }
}

function checkCopy({ kind, sources, checksum, chmod, from, location }: Copy): void {
  const remote = sources.find((source) => isUrl(source) || isGitAddress(source))
  if (kind === 'COPY' && remote !== undefined) {
    const what = isGitAddress(remote) ? 'a git ref' : 'a URL'
    throw new DockerfileError(`source can't be ${what} for COPY`, location)
  }
  if (checksum !== undefined && sources.length !== 1)
    throw new DockerfileError("checksum can't be specified for multiple sources", location)
  if (checksum !== undefined && remote === undefined)
    throw new DockerfileError('checksum requires HTTP(S) or Git source', location)
  if (checksum !== undefined) checkDigest(checksum, location)
  if (chmod !== undefined && !isMode(chmod)) {
    throw new DockerfileError(
      `invalid chmod parameter: '${chmod}'. it should be octal string and between 0 and 07777`,
      location,
    )
  }
  if (from === '') throw new DockerfileError('invalid from flag value : empty', location)
}

/** Bits in octal digits, or changes as chmod(1) takes them. */
const isMode = (text: string): boolean =>
  /^0*[0-7]{1,4}$/.test(text) || /^[ugoa]*[-+=][ugorwxXst]*(,[ugoa]*[-+=][ugorwxXst]*)*$/.test(text)

function checkDigest(text: string, location: Copy['location']): void {
  const [algorithm = '', hex = ''] = text.split(':')
  if (!text.includes(':')) throw new DockerfileError('invalid checksum digest format', location)
  const length = { sha256: 64, sha384: 96, sha512: 128 }[algorithm]
  if (length === undefined) throw new DockerfileError('unsupported digest algorithm', location)
  if (hex.length !== length) throw new DockerfileError('invalid checksum digest length', location)
}

/** What sources without an address are in. */
async function mainSource(
  conversion: Conversion,
  state: StageState,
  { from }: Copy,
): Promise<Step> {
  return from === undefined ? conversion.inputs.context() : await filesOf(conversion, state, from)
}

const isGitAddress = (source: string): boolean => parseGitAddress(source) !== undefined

const isUrl = (source: string): boolean => /^https?:\/\//i.test(source)

type CopyAction = Omit<Extract<FileAction, { type: 'copy' }>, 'input'>

function sourceAction(
  { inputs }: Conversion,
  copy: Copy,
  source: string,
  main: Step,
): { step: Step; action: CopyAction } {
  const common = {
    type: 'copy',
    destination: copy.destination,
    isDirectory: copy.destination.endsWith('/'),
    owner: copy.chown,
    mode: copy.chmod,
    label: source,
  } as const
  if (isGitAddress(source)) {
    const step = inputs.repository(source, copy.keepGitDir ?? false)
    const selection = { patterns: ['/'], exclude: copy.exclude, parents: false }
    return { step, action: { ...common, selection, unpack: false } }
  }
  if (isUrl(source)) {
    const name = nameOfUrl(source)
    const step = inputs.url(source, name, copy.checksum)
    const selection = { patterns: [`/${name}`], exclude: [], parents: false }
    return { step, action: { ...common, selection, unpack: copy.unpack ?? false } }
  }
  const selection = { patterns: [source], exclude: copy.exclude, parents: copy.parents }
  return {
    step: main,
    action: { ...common, selection, unpack: copy.unpack ?? copy.kind === 'ADD' },
  }
}

function inlineAction(copy: Copy, { path, content }: Copy['inline'][number]): FileAction {
  const target = copy.destination.endsWith('/')
    ? posix.join(copy.destination, posix.basename(path))
    : copy.destination
  return { type: 'write', path: target, content, mode: copy.chmod, owner: copy.chown }
}

function historyText({ kind, parents, chown, chmod, sources, inline, shown }: SaidCopy): string {
  return [
    kind,
    ...(parents ? ['--parents'] : []),
    ...(chown === undefined ? [] : [`--chown=${chown}`]),
    ...(chmod === undefined ? [] : [`--chmod=${chmod}`]),
    ...sources,
    ...inline.map(({ path }) => `<<${path}`),
    shown,
  ].join(' ')
}
