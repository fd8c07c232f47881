import { badSpec } from './fields.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** `--build-arg`s by name; one without a value has the caller's, and is left out where there is none. Throws `usage`. */
export function parseBuildArgs(
  texts: readonly string[],
  environment: Environment,
): Record<string, string> {
  const args: Record<string, string> = {}
  for (const [key, value = environment[key]] of texts.map(splitPair)) {
    if (value !== undefined) args[key] = value
  }
  return args
}

/** `--label`s; one without a value is empty. Throws `usage`. */
export const parseLabels = (texts: readonly string[]): Record<string, string> =>
  Object.fromEntries(texts.map(splitPair).map(([key, value = '']) => [key, value]))

function splitPair(text: string): [key: string, value: string | undefined] {
  const equals = text.indexOf('=')
  const key = equals < 0 ? text : text.slice(0, equals)
  if (key === '') throw badSpec(`invalid key-value pair ${JSON.stringify(text)}: empty key`)
  return [key, equals < 0 ? undefined : text.slice(equals + 1)]
}
