/** The parts of a parsed template. `at` is an offset into its text. */

export type Operand =
  | { kind: 'dot'; at: number }
  | { kind: 'nil'; at: number }
  | { kind: 'bool'; at: number; value: boolean }
  | { kind: 'number'; at: number; text: string; value: NumberConstant }
  | { kind: 'string'; at: number; quoted: string; value: string }
  | { kind: 'identifier'; at: number; name: string }
  | { kind: 'field'; at: number; names: string[] }
  | { kind: 'variable'; at: number; names: string[] }
  | { kind: 'chain'; at: number; base: Operand; names: string[] }
  | Pipeline

/** A constant may fit several kinds: `1.0` is an integer too, where one is wanted. */
export interface NumberConstant {
  int: bigint | undefined
  float: number
  /** Without a demand of its surroundings it is a float: it has a point or an exponent. */
  isFloat: boolean
}

export interface Command {
  kind: 'command'
  at: number
  words: Operand[]
}

export interface Pipeline {
  kind: 'pipeline'
  at: number
  isAssignment: boolean
  variables: string[]
  commands: Command[]
}

export interface Branch {
  kind: 'if' | 'with' | 'range'
  at: number
  pipeline: Pipeline
  body: Node[]
  otherwise: Node[] | undefined
}

export type Node =
  | { kind: 'text'; at: number; text: string }
  | { kind: 'action'; at: number; pipeline: Pipeline }
  | { kind: 'break' | 'continue'; at: number }
  | Branch
  | { kind: 'template'; at: number; name: string; quoted: string; pipeline: Pipeline | undefined }

/** A part as Go writes it back: error messages quote it. */
export function describe(node: Node | Operand | Command): string {
  switch (node.kind) {
    case 'dot':
      return '.'
    case 'nil':
      return 'nil'
    case 'bool':
      return String(node.value)
    case 'number':
      return node.text
    case 'string':
      return node.quoted
    case 'identifier':
      return node.name
    case 'field':
      return node.names.map((name) => `.${name}`).join('')
    case 'variable':
      return node.names.join('.')
    case 'chain':
      return `${describeWord(node.base)}${node.names.map((name) => `.${name}`).join('')}`
    case 'command':
      return node.words.map(describeWord).join(' ')
    case 'pipeline':
      return describePipeline(node)
    case 'text':
      return node.text
    case 'action':
      return `{{${describe(node.pipeline)}}}`
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`
    case 'template':
      return `{{template ${node.quoted}${node.pipeline ? ` ${describe(node.pipeline)}` : ''}}}`
    case 'if':
    case 'with':
    case 'range':
      return describeBranch(node)
  }
}

const describeWord = (word: Operand): string =>
  word.kind === 'pipeline' ? `(${describe(word)})` : describe(word)

function describePipeline({ variables, isAssignment, commands }: Pipeline): string {
  const target = variables.length > 0 ? `${variables.join(', ')} ${isAssignment ? '=' : ':='} ` : ''
  return target + commands.map(describe).join(' | ')
}

function describeBranch({ kind, pipeline, body, otherwise }: Branch): string {
  const inner = (nodes: Node[]) => nodes.map(describe).join('')
  const rest = otherwise ? `{{else}}${inner(otherwise)}` : ''
  return `{{${kind} ${describe(pipeline)}}}${inner(body)}${rest}{{end}}`
}
