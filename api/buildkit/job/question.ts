import type { BuildOptions } from '../../../lib/build/options.ts'
import type { BuildProgress } from '../../../lib/build/progress.ts'
import type { Engine } from '../../../lib/engine.ts'
import { grpcError } from '../grpc/status.ts'

/** What can be asked about a Dockerfile, and the versions of BuildKit's documents that answer it. */
const QUESTIONS: Readonly<Record<string, string>> = {
  'frontend.outline': '1.0.0',
  'frontend.targets': '1.0.0',
  'frontend.lint': '1.0.0',
}
const DESCRIBE = 'frontend.subrequests.describe'

/** Answers what is asked about a Dockerfile, as members of a result. Throws `GrpcError` for what cannot be asked. */
export async function answerQuestion(
  engine: Engine,
  question: string,
  options: BuildOptions,
  progress: BuildProgress,
  signal: AbortSignal,
): Promise<Record<string, Buffer>> {
  if (question === DESCRIBE) return answer(describe(), '1.0.0')
  const version = QUESTIONS[question]
  if (version === undefined) {
    throw grpcError('UNIMPLEMENTED', `unsupported request ${JSON.stringify(question)}`)
  }
  const check = question === 'frontend.lint'
  const { readDockerfile } = await import('../../../lib/build/read-dockerfile.ts')
  const asked = await readDockerfile(engine, options, progress, { signal, check })
  const { dockerfile, report } = asked
  if (report) {
    const { lintDocument, lintText } = await import('../../../lib/dockerfile/lint/print.ts')
    const whole = Buffer.from(dockerfile.lines.join('\n'))
    const failed = report.warnings.length > 0 ? '1' : '0'
    return {
      ...answer(lintDocument(report, dockerfile.name, whole), version),
      'result.txt': Buffer.from(lintText(report, dockerfile.lines)),
      'result.statuscode': Buffer.from(failed),
    }
  }
  const [{ outlineOf, targetsOf }, documents] = await Promise.all([
    import('../../../lib/build/outline.ts'),
    import('../../../lib/build/call-document.ts'),
  ])
  const document =
    question === 'frontend.targets'
      ? documents.targetsDocument(targetsOf(dockerfile))
      : documents.outlineDocument(outlineOf(dockerfile, options))
  return answer(documents.withSources(document, dockerfile), version)
}

const answer = (document: unknown, version: string): Record<string, Buffer> => {
  const json = Buffer.from(JSON.stringify(document, null, 2))
  return { 'result.json': json, 'result.txt': json, version: Buffer.from(version) }
}

const describe = (): object[] =>
  Object.entries({ ...QUESTIONS, [DESCRIBE]: '1.0.0' }).map(([Name, Version]) => ({
    Name,
    Version,
    Type: 'rpc',
    Description: '',
    Opts: null,
    Inputs: null,
    Metadata: [{ Name: 'result.json' }, { Name: 'result.txt' }],
    Refs: null,
  }))
