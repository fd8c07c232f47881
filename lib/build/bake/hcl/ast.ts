import type { Range } from './source.ts'
import type { Value } from './value.ts'

interface Common {
  range: Range
}

/** A piece of a template. */
export type Part =
  | { kind: 'text'; text: string }
  | { kind: 'interpolation'; of: Expression }
  | { kind: 'if'; condition: Expression; then: Part[]; otherwise: Part[]; range: Range }
  | { kind: 'for'; loop: Loop; body: Part[]; range: Range }

/** What a `for` goes through, and what it calls the parts of it. */
export interface Loop {
  key: string | undefined
  value: string
  collection: Expression
}

export type BinaryOperator =
  | '||'
  | '&&'
  | '=='
  | '!='
  | '<'
  | '>'
  | '<='
  | '>='
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'

export type Expression = Common &
  (
    | { kind: 'literal'; value: Value }
    | { kind: 'template'; parts: Part[] }
    | { kind: 'variable'; name: string }
    | { kind: 'attribute'; of: Expression; name: string; nameRange: Range }
    | { kind: 'index'; of: Expression; key: Expression }
    /** `each` stands on an `item`: what is done with each element. */
    | { kind: 'splat'; of: Expression; each: Expression }
    | { kind: 'item' }
    | { kind: 'unary'; operator: '-' | '!'; of: Expression }
    | { kind: 'binary'; operator: BinaryOperator; left: Expression; right: Expression }
    | { kind: 'conditional'; condition: Expression; then: Expression; otherwise: Expression }
    /** `spread`: the last argument is a list of them, `f(list...)`. */
    | { kind: 'call'; name: string; nameRange: Range; args: Expression[]; spread: boolean }
    | { kind: 'tuple'; items: Expression[] }
    | { kind: 'object'; entries: { key: Expression; value: Expression }[] }
    | { kind: 'for-tuple'; loop: Loop; value: Expression; condition: Expression | undefined }
    | {
        kind: 'for-object'
        loop: Loop
        key: Expression
        value: Expression
        condition: Expression | undefined
        grouped: boolean
      }
  )

export interface Attribute {
  name: string
  nameRange: Range
  value: Expression
}

export interface Block {
  type: string
  labels: { text: string; range: Range }[]
  body: Body
  /** Of its type and labels. */
  range: Range
  /** Its brace. */
  open: Range
  /** Where its content begins. */
  start: Range
}

/** What is in a file, or between the braces of a block. */
export interface Body {
  attributes: Map<string, Attribute>
  blocks: Block[]
}
