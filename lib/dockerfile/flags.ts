import { DockerfileError } from './errors.ts'
import { withSuggestion } from './suggest.ts'

/** What an instruction's flag takes: a text once, texts as often as it is given, or a truth value. */
export type FlagType = 'text' | 'texts' | 'truth'

/** The flags of an instruction that were given. */
export class Flags {
  readonly #values = new Map<string, string[]>()

  /** Reads `--name=value` words. Throws DockerfileError for flags that the instruction does not have, and values they do not take. */
  constructor(words: readonly string[], known: Readonly<Record<string, FlagType>>) {
    for (const word of words) {
      const equals = word.indexOf('=')
      const written = equals < 0 ? word : word.slice(0, equals)
      const value = equals < 0 ? undefined : word.slice(equals + 1)
      this.#add(written, value, known)
    }
  }

  #add(written: string, value: string | undefined, known: Readonly<Record<string, FlagType>>) {
    const name = written.slice(2)
    const type = Object.hasOwn(known, name) ? known[name] : undefined
    if (type === undefined) {
      const sentence = `unknown flag: ${written}`
      throw new DockerfileError(withSuggestion(sentence, name, Object.keys(known)))
    }
    const before = this.#values.get(name)
    if (before !== undefined && type !== 'texts') {
      throw new DockerfileError(`duplicate flag specified: ${written}`)
    }
    const text = type === 'truth' ? truthOf(written, value) : value
    if (text === undefined) throw new DockerfileError(`missing a value on flag: ${written}`)
    if (before === undefined) this.#values.set(name, [text])
    else before.push(text)
  }

  /** `undefined`: not given, or with nothing after its `=`. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.[0] || undefined
  }

  texts(name: string): string[] {
    return this.#values.get(name) ?? []
  }

  truth(name: string): boolean | undefined {
    const value = this.#values.get(name)?.[0]
    return value === undefined ? undefined : value === 'true'
  }
}

/** A flag without `=` is true; `undefined` if there is nothing after it. */
function truthOf(written: string, value = 'true'): string | undefined {
  const text = value.toLowerCase()
  if (text === 'true' || text === 'false') return text
  if (text === '') return undefined
  throw new DockerfileError(`expecting boolean value for flag ${written}, not: ${value}`)
}
