import { spawn } from 'node:child_process'
import { findPlugins, type PluginFile, pluginPlaces } from './find.ts'

/** What a plugin says of itself, in the protocol's names. */
export interface PluginMetadata {
  SchemaVersion: string
  Vendor: string
  Version: string
  ShortDescription: string
  URL?: string
}

/** A plugin that answers as the protocol wants. */
export interface Plugin extends PluginFile {
  metadata: PluginMetadata
}

/** Milliseconds, and bytes, in which a plugin has said who it is. */
const TIME_LIMIT = 10_000
const MAX_ANSWER = 64 * 1024

/** Has a plugin say who it is; `undefined` where it is none of Docker's. */
export async function readMetadata(file: PluginFile): Promise<Plugin | undefined> {
  if (file.refused !== undefined) return undefined
  const text = await ask(file.path)
  let said: Partial<Record<keyof PluginMetadata, unknown>> | null
  try {
    said = JSON.parse(text)
  } catch {
    return undefined
  }
  const word = (value: unknown): string => (typeof value === 'string' ? value : '')
  if (said?.SchemaVersion !== '0.1.0' || word(said.Vendor) === '') return undefined
  const url = word(said.URL)
  return {
    ...file,
    metadata: {
      SchemaVersion: said.SchemaVersion,
      Vendor: word(said.Vendor),
      Version: word(said.Version),
      ShortDescription: word(said.ShortDescription),
      ...(url === '' ? {} : { URL: url }),
    },
  }
}

async function ask(path: string): Promise<string> {
  const child = spawn(path, ['docker-cli-plugin-metadata'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: TIME_LIMIT,
    killSignal: 'SIGKILL',
  })
  let text = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (text.length > MAX_ANSWER) child.kill('SIGKILL')
  })
  return await new Promise((resolve) => {
    child.once('error', () => resolve(''))
    child.once('close', (code) => resolve(code === 0 ? text : ''))
  })
}

/** Every plugin of this user's that answers, and why others are not run. `own`: commands that plugins cannot have. */
export async function listPlugins(
  config: string,
  own: (name: string) => boolean = () => false,
): Promise<{ plugins: Plugin[]; refused: string[] }> {
  const files = findPlugins(pluginPlaces(config)).filter(({ name }) => !own(name))
  const answers = await Promise.all(files.map(readMetadata))
  return {
    plugins: answers.filter((plugin) => plugin !== undefined),
    refused: files.flatMap(({ refused }) => refused ?? []),
  }
}
