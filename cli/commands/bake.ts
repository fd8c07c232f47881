import { readFileSync } from 'node:fs'
import { readDefinition } from '../../lib/build/bake/definition.ts'
import { DefinitionError, type Source } from '../../lib/build/bake/hcl/source.ts'
import { parseOverride } from '../../lib/build/bake/overrides.ts'
import { formatPlan } from '../../lib/build/bake/print.ts'
import { readDefinitionFiles } from '../../lib/build/bake/read-files.ts'
import { type Plan, planTargets } from '../../lib/build/bake/resolve.ts'
import type { Definition } from '../../lib/build/bake/target.ts'
import type { BuildOptions } from '../../lib/build/options.ts'
import { expandAttest } from '../../lib/build/spec/attest.ts'
import { isSystemError, LighterError, systemErrorReason } from '../../lib/core/errors.ts'
import { replaceFile } from '../../lib/fs/replace.ts'
import { chooseBuilder } from '../builder.ts'
import { withoutDaemon } from '../client-error.ts'
import type { Context } from '../context.ts'
import { type Call, parseCall } from '../flags/build/call.ts'
import { readTargetOptions } from '../flags/build/target-options.ts'
import { untilInterrupted } from '../interrupt.ts'
import type { Answer } from '../output/build/call.ts'
import { chooseMode } from '../output/build/display.ts'
import { inBuildWords } from '../output/build/failure.ts'
import { type DisplayOptions, withDisplay } from '../output/build/with-display.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'

/** `buildx bake`: builds what definition files say, many targets at once; or only prints what that is. */
export const run = (context: Context, parsed: Parsed): Promise<number> =>
  withoutDaemon(async () => {
    const sources = readSources(parsed)
    const definition = await explained(context, () => readDefinition(sources, process.env))
    for (const warning of definition.warnings) context.warn(`WARNING: ${warning}`)
    if (parsed.given('list')) return await list(definition, parsed.string('list') ?? '')
    const plan = await explained(context, () => choose(definition, parsed))
    const options = readOptions(plan, parsed)
    if (parsed.bool('print')) {
      writeOut(formatPlan(plan))
      return 0
    }
    const calls = readCalls(plan, parsed)
    const display = await chooseDisplay(context, parsed)
    return await inBuildWords(() =>
      untilInterrupted(context, async (signal) => {
        if (calls.size > 0) return await answerAll(context, { options, calls, display, signal })
        await build(context, parsed, { sources, plan, options, display, signal })
        return 0
      }),
    )
  }, 'ERROR: ')

/** Definitions from a git repository would decide what is built here, and with which secrets. */
function readSources(parsed: Parsed): Source[] {
  const [first = ''] = parsed.operands
  if (/^(https?|git|ssh):\/\/|^git@/.test(first)) {
    throw new LighterError(
      'usage',
      `bake definitions from elsewhere are not supported: clone ${first} and name its files with -f`,
    )
  }
  return readDefinitionFiles(parsed.list('file'), () => readFileSync(0))
}

/** The lines of a definition that are wrong are shown before the sentence. */
async function explained<Result>(
  context: Context,
  work: () => Promise<Result> | Result,
): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof DefinitionError) context.warn(error.excerpt)
    throw error
  }
}

async function list(definition: Definition, text: string): Promise<number> {
  const fields = text.split(',')
  const kind = fields.find((field) => !field.startsWith('format='))?.replace(/^type=/, '')
  const format =
    fields.find((field) => field.startsWith('format='))?.slice('format='.length) ?? 'table'
  if (kind !== 'targets' && kind !== 'variables') {
    throw new LighterError('usage', `invalid list type: ${kind ?? ''}`)
  }
  const { listDocument, listRows } = await import('../../lib/build/bake/print.ts')
  if (format === 'json')
    writeOut(`${JSON.stringify(listDocument(definition, kind), undefined, 2)}\n`)
  else {
    const { alignCells } = await import('../output/table.ts')
    writeOut(`${alignCells(listRows(definition, kind)).join('\n')}\n`)
  }
  return 0
}

function choose(definition: Definition, parsed: Parsed): Plan {
  const targets = parsed.operands.map((name) => name.replaceAll('.', '_'))
  const overrides = overridesOf(parsed).flatMap((text) => parseOverride(text, process.env) ?? [])
  return planTargets(definition, targets.length > 0 ? targets : ['default'], overrides)
}

/** Flags that are short for a `--set` of all targets come after those. */
function overridesOf(parsed: Parsed): string[] {
  const attests = [
    expandAttest('sbom', parsed.string('sbom') ?? ''),
    expandAttest('provenance', parsed.string('provenance') ?? ''),
  ].filter((text) => text !== '')
  const truths = ['no-cache', 'pull'].filter((name) => parsed.given(name))
  const outputs = ['push', 'load'].filter((name) => parsed.bool(name))
  return [
    ...parsed.list('set'),
    ...outputs.map((name) => `*.${name}=true`),
    ...truths.map((name) => `*.${name}=${parsed.bool(name)}`),
    ...attests.map((text) => `*.attest=${text}`),
  ]
}

/** What buildx asks for where a definition goes out of the caller's directory: here nobody is asked, so it can change nothing. */
const ASKED = /^(fs(\.read|\.write)?(=|$)|ssh$)/

function readOptions({ targets }: Plan, parsed: Parsed): Map<string, BuildOptions> {
  const allowed = parsed.list('allow').filter((entitlement) => !ASKED.test(entitlement))
  return new Map(
    [...targets].map(([name, target]) => [name, readTargetOptions(target, process.env, allowed)]),
  )
}

async function chooseDisplay(context: Context, parsed: Parsed): Promise<DisplayOptions> {
  const { name, driver } = await chooseBuilder(context, parsed)
  const progress = parsed.string('progress') ?? 'auto'
  const mode = chooseMode(progress, false, process.env.BUILDKIT_PROGRESS)
  return { mode, title: { builder: name, driver } }
}

interface Baking {
  sources: readonly Source[]
  plan: Plan
  options: ReadonlyMap<string, BuildOptions>
  display: DisplayOptions
  signal: AbortSignal
}

/** `--metadata-file` has what each target made, by their names. */
async function build(
  context: Context,
  parsed: Parsed,
  { sources, plan, options, display, signal }: Baking,
): Promise<void> {
  const outcomes = await withDisplay(context, display, async (progress) => {
    const { buildTargets, tellDefinitions } = await import('../../lib/build/bake/build-targets.ts')
    tellDefinitions(progress, sources)
    return await buildTargets(context.engine, { plan, options, progress, signal })
  })
  const file = parsed.string('metadata-file')
  if (!file) return
  const document = [...outcomes].map(([name, { exported }]) => [
    name,
    Object.assign({}, ...exported.map(({ metadata }) => metadata)),
  ])
  const text = JSON.stringify(Object.fromEntries(document), undefined, 2)
  try {
    replaceFile(file, text, false, 0o644 & ~process.umask())
  } catch (error) {
    throw isSystemError(error)
      ? new LighterError('usage', `open ${file}: ${systemErrorReason(error)}`, { cause: error })
      : error
  }
}

/** What is asked about Dockerfiles in place of builds: by the command line, or by targets. */
function readCalls({ targets, linked }: Plan, parsed: Parsed): Map<string, Call> {
  const wished = parsed.bool('check') ? 'check' : parsed.string('call')
  const calls = [...targets].flatMap(([name, { values }]): [string, Call][] => {
    const own = values.get('call')
    const call = linked.has(name)
      ? undefined
      : parseCall(wished ?? (typeof own === 'string' ? own : ''))
    return call ? [[name, call]] : []
  })
  if (calls.length > 0 && calls.length < targets.size - linked.size) {
    throw new LighterError(
      'usage',
      'bake either builds targets or asks about them: not both at once',
    )
  }
  return new Map(calls)
}

async function answerAll(
  context: Context,
  {
    options,
    calls,
    display,
    signal,
  }: Omit<Baking, 'plan' | 'sources'> & { calls: ReadonlyMap<string, Call> },
): Promise<number> {
  const { readDockerfile } = await import('../../lib/build/read-dockerfile.ts')
  const { answerCall } = await import('../output/build/call.ts')
  const answers = await withDisplay(context, display, async (progress) => {
    const found: [name: string, answer: Answer][] = []
    for (const [name, call] of calls) {
      const own = options.get(name)
      if (!own) continue
      const check = call.method === 'check'
      const asked = await readDockerfile(context.engine, own, progress, { signal, check })
      found.push([name, await answerCall(asked, own, call)])
    }
    return found
  })
  for (const [name, { text }] of answers)
    writeOut(answers.length > 1 ? `${name}\n\n${text}\n` : text)
  return answers.find(([, { exitCode }]) => exitCode !== 0)?.[1].exitCode ?? 0
}
