import { expandHeredoc, expandShown, expandWord, expandWords } from '../../dockerfile/expand.ts'

/** Variables in the order in which they were first set. */
export class Environment {
  readonly #values = new Map<string, string>()

  constructor(entries: readonly string[] = []) {
    for (const entry of entries) {
      const at = entry.indexOf('=')
      this.set(entry.slice(0, at), entry.slice(at + 1))
    }
  }

  set(key: string, value: string): void {
    this.#values.set(key, value)
  }

  get(key: string): string | undefined {
    return this.#values.get(key)
  }

  copy(): Environment {
    return new Environment(this.entries())
  }

  asMap(): ReadonlyMap<string, string> {
    return this.#values
  }

  /** As processes get them. */
  entries(): string[] {
    return [...this.#values].map(([key, value]) => `${key}=${value}`)
  }
}

/** Replaces variables and takes quotes away, with the escape character of the Dockerfile. */
export class Expander {
  readonly #escape: '\\' | '`'

  constructor(character: '\\' | '`') {
    this.#escape = character
  }

  word(text: string, env: Environment): string {
    return expandWord(text, env.asMap(), this.#escape).text
  }

  /** Blanks outside of quotes make several words of it. */
  words(text: string, env: Environment): string[] {
    return expandWords(text, env.asMap(), this.#escape)
  }

  /** A here-document: quotes in it stay. */
  text(text: string, env: Environment): string {
    return expandHeredoc(text, env.asMap()).text
  }

  /** An instruction as progress shows it. */
  shown(original: string, env: Environment): string {
    const text = expandShown(original, env.asMap(), this.#escape)
    return text.replace(/^\S+/, (word) => word.toUpperCase())
  }
}
