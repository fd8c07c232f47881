import type { Token, TokenKind } from './lex.ts'
import type { Command, Operand, Pipeline } from './nodes.ts'
import { describe } from './nodes.ts'
import { parseNumber } from './number.ts'
import { unquote } from './quote.ts'
import type { ParseState } from './token-stream.ts'

/** Reads `$x := a b | c` up to the token that ends it. `context` is what it is called in errors. */
export function readPipeline(
  state: ParseState,
  context: string,
  end: 'close' | 'right-paren',
): Pipeline {
  const { tokens } = state
  const { at } = tokens.peekSolid()
  const { variables, isAssignment } = readDeclarations(state, context)
  const commands: Command[] = []
  for (;;) {
    const token = tokens.nextSolid()
    if (token.kind === end) break
    if (!STARTS_COMMAND.has(token.kind)) tokens.unexpected(token, context)
    tokens.back(token)
    commands.push(readCommand(state))
  }
  if (commands.length === 0) tokens.fail(`missing value for ${context}`)
  const constant = commands.findIndex(
    ({ words: [first] }, index) => index > 0 && first && CONSTANTS.has(first.kind),
  )
  if (constant > 0) tokens.fail(`non executable command in pipeline stage ${constant + 1}`)
  return { kind: 'pipeline', at, isAssignment, variables, commands }
}

const STARTS_COMMAND: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'bool',
  'character',
  'dot',
  'field',
  'identifier',
  'number',
  'nil',
  'string',
  'variable',
  'left-paren',
])

const CONSTANTS: ReadonlySet<Operand['kind']> = new Set<Operand['kind']>([
  'bool',
  'dot',
  'nil',
  'number',
  'string',
])

/** `$x :=`, `$x =`, and in a `range` `$i, $x :=`. */
function readDeclarations(
  state: ParseState,
  context: string,
): Pick<Pipeline, 'variables' | 'isAssignment'> {
  const { tokens } = state
  const variables: string[] = []
  while (tokens.peekSolid().kind === 'variable') {
    const variable = tokens.nextSolid()
    const behind = tokens.peek()
    const next = tokens.peekSolid()
    const isComma = next.kind === 'other' && next.text === ','
    if (next.kind !== 'assign' && next.kind !== 'declare' && !isComma) {
      // The blank behind it separates it from the next word.
      if (behind.kind === 'space') tokens.back(variable, behind)
      else tokens.back(variable)
      break
    }
    tokens.nextSolid()
    variables.push(variable.text)
    state.variables.push(variable.text)
    if (!isComma) return { variables, isAssignment: next.kind === 'assign' }
    if (context !== 'range' || variables.length >= 2) {
      tokens.fail(`too many declarations in ${context}`)
    }
    if (!['variable', 'close', 'right-paren'].includes(tokens.peekSolid().kind)) {
      tokens.fail('range can only initialize variables')
    }
  }
  return { variables, isAssignment: false }
}

function readCommand(state: ParseState): Command {
  const { tokens } = state
  const { at } = tokens.peekSolid()
  const words: Operand[] = []
  for (;;) {
    tokens.peekSolid()
    const word = readOperand(state)
    if (word) words.push(word)
    const token = tokens.next()
    if (token.kind === 'space') continue
    if (token.kind === 'close' || token.kind === 'right-paren') tokens.back(token)
    else if (token.kind !== 'pipe') tokens.unexpected(token, 'operand')
    break
  }
  if (words.length === 0) tokens.fail('empty command')
  return { kind: 'command', at, words }
}

/** A term with the fields behind it: `(index .List 0).Name`. */
function readOperand(state: ParseState): Operand | undefined {
  const { tokens } = state
  const base = readTerm(state)
  if (!base || tokens.peek().kind !== 'field') return base
  const { at } = tokens.peek()
  const names: string[] = []
  while (tokens.peek().kind === 'field') names.push(tokens.next().text.slice(1))
  if (base.kind === 'field') return { ...base, at, names: [...base.names, ...names] }
  if (base.kind === 'variable') return { ...base, at, names: [...base.names, ...names] }
  if (CONSTANTS.has(base.kind)) {
    tokens.fail(`unexpected . after term ${JSON.stringify(describe(base))}`)
  }
  return { kind: 'chain', at, base, names }
}

function readTerm(state: ParseState): Operand | undefined {
  const { tokens } = state
  const token = tokens.nextSolid()
  const { at, text } = token
  switch (token.kind) {
    case 'identifier':
      if (!state.isFunction(text)) tokens.fail(`function ${JSON.stringify(text)} not defined`)
      return { kind: 'identifier', at, name: text }
    case 'dot':
      return { kind: 'dot', at }
    case 'nil':
      return { kind: 'nil', at }
    case 'bool':
      return { kind: 'bool', at, value: text === 'true' }
    case 'variable':
      if (!state.variables.includes(text)) tokens.fail(`undefined variable ${JSON.stringify(text)}`)
      return { kind: 'variable', at, names: [text] }
    case 'field':
      return { kind: 'field', at, names: [text.slice(1)] }
    case 'character':
    case 'number':
      return readNumber(state, token)
    case 'left-paren':
      return readPipeline(state, 'parenthesized pipeline', 'right-paren')
    case 'string': {
      const value = unquote(text)
      if (value === undefined) return tokens.fail('invalid syntax')
      return { kind: 'string', at, quoted: text, value }
    }
    default:
      tokens.back(token)
      return undefined
  }
}

function readNumber({ tokens }: ParseState, { at, text }: Token): Operand {
  const value = parseNumber(text)
  if (typeof value === 'string') return tokens.fail(value)
  return { kind: 'number', at, text, value }
}
