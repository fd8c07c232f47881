import type { CommandLine, Heredoc } from './ast.ts'
import { DockerfileError } from './errors.ts'
import { heredocWords, rawWords } from './expand.ts'

/** The beginning of a here-document: what a word like `<<-"EOF"` says. */
export type HeredocWord = Omit<Heredoc, 'content'>

/** Names without quotes, as most are: nothing to be read about them. */
const SIMPLE = /^[A-Za-z0-9_.-]+$/

/** Reads a word of an instruction as the beginning of a here-document; `undefined` if it is none. */
export function readHeredocWord(word: string): HeredocWord | undefined {
  const [whole, chomp, rest = ''] = /^\d*<<(-?)([^<]*)$/.exec(word) ?? []
  if (whole === undefined || rest === '') return undefined
  if (SIMPLE.test(rest)) return { name: rest, expand: true, chomp: chomp === '-' }
  const [name, ...more] = heredocWords(rest, false)
  if (name === undefined || more.length > 0) return undefined
  const [raw = ''] = heredocWords(rest, true)
  return { name, expand: quotes(name) === quotes(raw), chomp: chomp === '-' }
}

const quotes = (text: string): number => text.match(/['"]/g)?.length ?? 0

/** The same, where a word that cannot be read is simply none. */
export function heredocOf(word: string): HeredocWord | undefined {
  try {
    return readHeredocWord(word)
  } catch (error) {
    if (error instanceof DockerfileError) return undefined
    throw error
  }
}

/** The here-documents that a line begins, in their order. Quotes that do not end mean that there is none. */
export function heredocsOfLine(line: string): HeredocWord[] {
  return wordsOf(line).flatMap((word) => readHeredocWord(word) ?? [])
}

function wordsOf(line: string): string[] {
  try {
    return rawWords(line)
  } catch (error) {
    if (error instanceof DockerfileError) return []
    throw error
  }
}

/** A line without the tabs at its beginning, as `<<-` has it. */
export const withoutTabs = (line: string): string => line.replace(/^\t+/, '')

/**
 * What RUN does with a command in the shell's form. A here-document that is all of it is the script itself; with an interpreter line it
 * is a program, whose file is named as the document is. Any other goes to the shell with the text.
 */
export function readScript(
  command: Extract<CommandLine, { form: 'shell' }>,
): { kind: 'program'; name: string; content: string } | { kind: 'script'; text: string } {
  const [first] = command.heredocs
  if (first === undefined) return { kind: 'script', text: command.text }
  if (heredocOf(command.text) !== undefined) {
    if (first.content.startsWith('#!')) {
      return { kind: 'program', name: first.name, content: first.content }
    }
    return { kind: 'script', text: first.content }
  }
  const documents = command.heredocs.map((heredoc) => `\n${heredoc.content}${heredoc.name}`)
  return { kind: 'script', text: command.text + documents.join('') }
}
