import { splitBlank } from './characters.ts'
import { DockerfileError } from './errors.ts'

/** A text that is gathered, and the words that it falls into. */
export class Gathered {
  text = ''
  words: string[] = []
  #word = ''
  readonly #limit: number

  /** `limit`: characters that the text may have. */
  constructor(limit: number) {
    this.#limit = limit
  }

  add(text: string, protect: boolean): void {
    if (this.text.length + text.length > this.#limit) {
      throw new DockerfileError(`the result is longer than ${this.#limit} characters`)
    }
    this.text += text
    if (protect) this.#word += text
    else this.#addPlain(text)
  }

  #addPlain(text: string): void {
    const [first = '', ...more] = splitBlank(text)
    this.#word += first
    for (const word of more) {
      this.#end()
      this.#word = word
    }
  }

  #end(): void {
    if (this.#word !== '') this.words.push(this.#word)
    this.#word = ''
  }

  finish(): { text: string; words: string[] } {
    this.#end()
    return { text: this.text, words: this.words }
  }
}
