import { shortId } from '../core/ids.ts'
import { lazyOs } from '../core/lazy.ts'
import { TemplateExecutionError, TemplateSyntaxError } from '../format/errors.ts'
import { readTypes } from '../format/go-types.ts'
import { parseTemplate } from '../format/template.ts'
import { TIME } from '../format/time.ts'
import { type GoMethod, pointerTo, string, type Value } from '../format/values.ts'
import { logFailure } from './log-options.ts'
import { type ContainerRecord, commandOf } from './record.ts'

const INFO = readTypes(
  `
logger.Info
  Config map[string]string
  ContainerID string
  ContainerName string
  ContainerEntrypoint string
  ContainerArgs []string
  ContainerImageID string
  ContainerImageName string
  ContainerCreated time.Time
  ContainerEnv []string
  ContainerLabels map[string]string
  LogPath string
  DaemonName string
`,
  { 'time.Time': TIME },
)('logger.Info')

/** The tag of a container's log records: the template that its user gave, with Docker's data. Throws `start-failed`. */
export function expandTag(template: string, record: ContainerRecord, logPath: string): string {
  try {
    return parseTemplate(template).execute(describe(record, logPath))
  } catch (error) {
    if (!(error instanceof TemplateSyntaxError || error instanceof TemplateExecutionError))
      throw error
    const message = error.message
      .replace(/^template: :/, 'template: log-tag:')
      .replace(/: executing "" at /, ': executing "log-tag" at ')
    throw logFailure(message)
  }
}

function describe(record: ContainerRecord, logPath: string): Value {
  const [entrypoint = '', ...args] = commandOf(record)
  const data = {
    Config: record.host.logConfig?.config ?? {},
    ContainerID: record.id,
    ContainerName: `/${record.name}`,
    ContainerEntrypoint: entrypoint,
    ContainerArgs: args,
    ContainerImageID: record.imageId,
    ContainerImageName: record.image,
    ContainerCreated: record.createdAt,
    ContainerEnv: record.config.env,
    ContainerLabels: record.config.labels,
    LogPath: logPath,
    DaemonName: 'docker',
  }
  return {
    type: pointerTo({ ...INFO, fields: INFO.fields ?? [], methods: methodsOf(record) }),
    data,
  }
}

function methodsOf(record: ContainerRecord): Record<string, GoMethod> {
  const says = (text: string): GoMethod => ({ parameters: [], call: () => string(text) })
  return {
    ID: says(shortId(record.id)),
    FullID: says(record.id),
    Name: says(record.name),
    // As long as the first twelve letters are, the name of the algorithm among them.
    ImageID: says(record.imageId.slice(0, 12)),
    ImageFullID: says(record.imageId),
    ImageName: says(record.image),
    Hostname: says(lazyOs().hostname()),
    Command: says(commandOf(record).join(' ')),
    ExtraAttributes: { parameters: ['any'], call: () => undefined },
  }
}
