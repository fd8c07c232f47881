import { LighterError } from '../../core/errors.ts'
import { familiarReference, parseReference } from '../../oci/reference.ts'
import { badSpec } from './fields.ts'

/** `--build-context NAME=VALUE`s by name. Throws `usage`. */
export function parseContexts(texts: readonly string[]): Record<string, string> {
  const contexts: Record<string, string> = {}
  for (const text of texts) {
    const equals = text.indexOf('=')
    if (equals < 0) throw badSpec(`invalid context value: ${text}, expected key=value`)
    contexts[contextName(text.slice(0, equals))] = text.slice(equals + 1)
  }
  return contexts
}

/** Names of contexts are names of images: `FROM` and `--from` say them. Throws `usage`. */
export function contextName(text: string): string {
  try {
    return familiarReference(parseReference(text)).replace(/:latest$/, '')
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw badSpec(`invalid context name ${text}: ${error.message}`)
  }
}

/** What is wrong with a `--tag` is thrown as `usage`. */
export function checkTag(text: string): void {
  try {
    parseReference(text)
  } catch (error) {
    if (!(error instanceof LighterError)) throw error
    throw badSpec(`invalid tag ${JSON.stringify(text)}: ${reasonOf(text, error)}`)
  }
}

/** Capitals are told only where they are all that is wrong. */
function reasonOf(text: string, { message }: LighterError): string {
  if (!/must be lowercase$/.test(message)) return message
  try {
    parseReference(text.toLowerCase())
    return 'repository name must be lowercase'
  } catch {
    return 'invalid reference format'
  }
}
