import { quoted } from './characters.ts'
import { DockerfileError } from './errors.ts'
import { type Escape, Lexer, type Mode, type Variables } from './lexer.ts'

export interface Expansion {
  text: string
  /** The text as words: blanks that no quote or escape protects are between them, those out of variables too. */
  words: string[]
  /** Variables that were looked up and are there. */
  used: Set<string>
  /** Those that are not. */
  undefined: Set<string>
}

/**
 * Replaces the variables of a word and takes its quotes and escapes away, as BuildKit's shell lexer does: what FROM, ENV, LABEL, ARG,
 * COPY, ADD, WORKDIR, USER, VOLUME and STOPSIGNAL have done to their words. Throws DockerfileError with Docker's sentence.
 */
export const expandWord = (word: string, env: Variables, escaper: Escape): Expansion =>
  expand(word, env, { escape: escaper })

/** The words that a word becomes by its variables: what EXPOSE has done to its ports. */
export const expandWords = (word: string, env: Variables, escaper: Escape): string[] =>
  expand(word, env, { escape: escaper }).words

/** What is done to a here-document of COPY and ADD whose word is not quoted: quotes stay, and only a backslash escapes. */
export const expandHeredoc = (content: string, env: Variables): Expansion =>
  expand(content, env, { escape: '\\', ignoreQuotes: true })

/** The words of a line with quotes, escapes and variables as they are written: where its here-documents are looked for. */
export const rawWords = (line: string): string[] =>
  expand(line, new Map(), {
    escape: '\\',
    rawQuotes: true,
    rawEscapes: true,
    keepUndefined: true,
  }).words

/** An instruction as progress shows it: variables that are known are replaced, the rest stays as it is written. Never throws. */
export function expandShown(text: string, env: Variables, escaper: Escape): string {
  try {
    return expand(text, env, {
      escape: escaper,
      rawQuotes: true,
      rawEscapes: true,
      keepUndefined: true,
    }).text
  } catch (error) {
    if (error instanceof DockerfileError) return text
    throw error
  }
}

/** A word of a here-document with quotes and without, each as the words it falls into. */
export const heredocWords = (word: string, rawQuotes: boolean): string[] =>
  expand(word, new Map(), { escape: '\\', rawQuotes, keepUndefined: true }).words

function expand(word: string, env: Variables, mode: Mode): Expansion {
  const lexer = new Lexer(word, env, mode)
  try {
    const { text, words } = lexer.until(undefined, mode.rawEscapes === true)
    return { text, words, used: lexer.used, undefined: lexer.undefined }
  } catch (error) {
    if (!(error instanceof DockerfileError)) throw error
    throw new DockerfileError(`failed to process ${quoted(word)}: ${error.message}`)
  }
}
