import type { Token } from './lex.ts'
import type { Branch, Node, Pipeline } from './nodes.ts'
import { readPipeline } from './parse-pipeline.ts'
import { unquote } from './quote.ts'
import { type ParseState, TokenStream } from './token-stream.ts'

export interface ParsedTemplate {
  text: string
  main: Node[]
  /** By the names that `define` and `block` gave. */
  named: ReadonlyMap<string, Node[]>
}

/** Reads a template with the grammar of Go 1.24. Throws `TemplateSyntaxError`. */
export function parse(text: string, isFunction: (name: string) => boolean): ParsedTemplate {
  const parser = new Parser({ tokens: new TokenStream(text), isFunction, variables: ['$'] })
  return { text, main: parser.main(), named: parser.named }
}

/** `else` and `end` are no nodes of their own: they end the list before them. */
interface Stop {
  kind: 'else' | 'end'
}

const isStop = (node: Node | Stop): node is Stop => node.kind === 'else' || node.kind === 'end'

class Parser {
  readonly named = new Map<string, Node[]>()
  readonly #state: ParseState
  #rangeDepth = 0

  constructor(state: ParseState) {
    this.#state = state
  }

  main(): Node[] {
    const nodes: Node[] = []
    const { tokens } = this.#state
    for (;;) {
      const token = tokens.next()
      if (token.kind === 'end') return nodes
      if (token.kind === 'open') {
        const first = tokens.nextSolid()
        if (first.kind === 'keyword' && first.text === 'define') {
          this.#definition()
          continue
        }
        tokens.back(first)
      }
      tokens.back(token)
      const node = this.#textOrAction()
      if (isStop(node)) return tokens.fail(`unexpected {{${node.kind}}}`)
      nodes.push(node)
    }
  }

  /** Nodes up to `else` or `end`. */
  #list(): { nodes: Node[]; stop: Stop } {
    const nodes: Node[] = []
    const { tokens } = this.#state
    while (tokens.peekSolid().kind !== 'end') {
      const node = this.#textOrAction()
      if (isStop(node)) return { nodes, stop: node }
      nodes.push(node)
    }
    return tokens.fail('unexpected EOF')
  }

  #textOrAction(): Node | Stop {
    const { tokens } = this.#state
    const token = tokens.nextSolid()
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text }
    if (token.kind !== 'open') return tokens.unexpected(token, 'input')
    tokens.actionLine = token.line
    const node = this.#action()
    tokens.actionLine = 0
    return node
  }

  #action(): Node | Stop {
    const { tokens } = this.#state
    const token = tokens.nextSolid()
    if (token.kind === 'keyword') {
      switch (token.text) {
        case 'if':
        case 'with':
        case 'range':
          return this.#branch(token.text, token)
        case 'break':
        case 'continue':
          return this.#jump(token.text, token)
        case 'else':
          return this.#else()
        case 'end':
          this.#expectClose('end')
          return { kind: 'end' }
        case 'template':
          return this.#template()
        case 'block':
          return this.#block()
      }
    }
    tokens.back(token)
    // Variables of a plain action live until the `end` around it.
    const { at } = tokens.peek()
    return { kind: 'action', at, pipeline: this.#pipeline('command') }
  }

  #pipeline(context: string): Pipeline {
    return readPipeline(this.#state, context, 'close')
  }

  #expectClose(where: string): void {
    const token = this.#state.tokens.nextSolid()
    if (token.kind !== 'close') this.#state.tokens.unexpected(token, where)
  }

  /** After `else`: its own delimiter, unless another `if` or `with` begins in the same action. */
  #else(): Stop {
    const next = this.#state.tokens.peekSolid()
    if (next.kind !== 'keyword' || (next.text !== 'if' && next.text !== 'with')) {
      this.#expectClose('else')
    }
    return { kind: 'else' }
  }

  #jump(kind: 'break' | 'continue', { at }: Token): Node {
    this.#expectClose(`{{${kind}}}`)
    if (this.#rangeDepth === 0) this.#state.tokens.fail(`{{${kind}}} outside {{range}}`)
    return { kind, at }
  }

  #branch(kind: Branch['kind'], { at }: Token): Branch {
    const { tokens, variables } = this.#state
    const scope = variables.length
    const pipeline = this.#pipeline(kind)
    if (kind === 'range') this.#rangeDepth++
    const { nodes: body, stop } = this.#list()
    if (kind === 'range') this.#rangeDepth--
    let otherwise: Node[] | undefined
    if (stop.kind === 'else') {
      const next = tokens.peekSolid()
      if (kind !== 'range' && next.kind === 'keyword' && next.text === kind) {
        otherwise = [this.#branch(kind, tokens.nextSolid())]
      } else {
        const rest = this.#list()
        if (rest.stop.kind !== 'end') tokens.fail('expected end; found {{else}}')
        otherwise = rest.nodes
      }
    }
    variables.length = scope
    return { kind, at, pipeline, body, otherwise }
  }

  #template(): Node {
    const { tokens } = this.#state
    const { name, quoted, at } = this.#name('template clause')
    const next = tokens.nextSolid()
    if (next.kind === 'close') return { kind: 'template', at, name, quoted, pipeline: undefined }
    tokens.back(next)
    return { kind: 'template', at, name, quoted, pipeline: this.#pipeline('template clause') }
  }

  #block(): Node {
    const { name, quoted, at } = this.#name('block clause')
    const pipeline = this.#pipeline('block clause')
    this.#define(name, 'block clause')
    return { kind: 'template', at, name, quoted, pipeline }
  }

  #definition(): void {
    const { name } = this.#name('define clause')
    this.#expectClose('define clause')
    this.#define(name, 'define clause')
  }

  /** The body of a named template: it sees no variables but `$`. */
  #define(name: string, context: string): void {
    const { variables } = this.#state
    const [outer, depth] = [variables.splice(0), this.#rangeDepth]
    variables.push('$')
    this.#rangeDepth = 0
    const { nodes, stop } = this.#list()
    if (stop.kind !== 'end') this.#state.tokens.fail(`unexpected {{else}} in ${context}`)
    variables.splice(0, variables.length, ...outer)
    this.#rangeDepth = depth
    const old = this.named.get(name)
    if (old && !isEmpty(old) && !isEmpty(nodes)) {
      this.#state.tokens.fail(`template: multiple definition of template ${JSON.stringify(name)}`)
    }
    if (!old || !isEmpty(nodes)) this.named.set(name, nodes)
  }

  #name(context: string): { name: string; quoted: string; at: number } {
    const token = this.#state.tokens.nextSolid()
    if (token.kind !== 'string') this.#state.tokens.unexpected(token, context)
    const name = unquote(token.text)
    if (name === undefined) this.#state.tokens.fail('invalid syntax')
    return { name, quoted: token.text, at: token.at }
  }
}

const isEmpty = (nodes: Node[]): boolean =>
  nodes.every((node) => node.kind === 'text' && node.text.trim() === '')
