/** What would steer the terminal beyond its line: sequences of control, and single characters. */
const CONTROL = new RegExp(
  [
    String.raw`\x1b\[([0-9;?]*)([@-~])`,
    String.raw`\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)`,
    String.raw`\x1b[@-_]?`,
    String.raw`[\x00-\x1f\x7f-\x9f]`,
  ].join('|'),
  'g',
)

/** The last lines that a program shows, as a terminal would have them: what it overwrites is gone. Colours are not kept. */
export class LogWindow {
  #lines: string[] = ['']
  #column = 0
  #height: number
  #width: number
  /** How much was written, in characters. */
  written = 0

  constructor(width: number, height: number) {
    this.#width = Math.max(1, width)
    this.#height = height
  }

  resize(width: number, height: number): void {
    this.#width = Math.max(1, width)
    this.#height = height
    this.#trim()
  }

  /** Lines with something in them. */
  lines(): string[] {
    return this.#lines
      .map((line) => line.slice(0, this.#width).trimEnd())
      .filter((line) => line !== '')
      .slice(-this.#height)
  }

  write(text: string): void {
    this.written += text.length
    let at = 0
    for (const match of text.matchAll(CONTROL)) {
      this.#put(text.slice(at, match.index))
      this.#control(match[0], match[1], match[2])
      at = match.index + match[0].length
    }
    this.#put(text.slice(at))
  }

  #control(whole: string, count: string | undefined, command: string | undefined): void {
    if (whole === '\n') this.#newLine()
    else if (whole === '\r') this.#column = 0
    else if (whole === '\b') this.#column = Math.max(0, this.#column - 1)
    else if (whole === '\t') this.#put(' '.repeat(8 - (this.#column % 8)))
    else if (command === 'K') this.#erase(count ?? '')
    else if (command === 'G') this.#column = Math.max(0, Number(count || 1) - 1)
    else if (command === 'J') this.#clear(count ?? '')
  }

  #put(text: string): void {
    let rest = text
    while (rest !== '') {
      if (this.#column >= this.#width) this.#newLine()
      const piece = rest.slice(0, this.#width - this.#column)
      const line = this.#line.padEnd(this.#column)
      this.#line = line.slice(0, this.#column) + piece + line.slice(this.#column + piece.length)
      this.#column += piece.length
      rest = rest.slice(piece.length)
    }
  }

  #erase(what: string): void {
    if (what === '2') this.#line = ''
    else if (what === '1') this.#line = ' '.repeat(this.#column) + this.#line.slice(this.#column)
    else this.#line = this.#line.slice(0, this.#column)
  }

  #clear(what: string): void {
    if (what !== '2' && what !== '3') this.#erase('')
    else {
      this.#lines = ['']
      this.#column = 0
    }
  }

  get #line(): string {
    return this.#lines.at(-1) ?? ''
  }

  set #line(text: string) {
    this.#lines[this.#lines.length - 1] = text
  }

  #newLine(): void {
    this.#lines.push('')
    this.#column = 0
    this.#trim()
  }

  /** One more than is shown: the last one may be empty. */
  #trim(): void {
    if (this.#lines.length > this.#height + 1) this.#lines = this.#lines.slice(-this.#height - 1)
  }
}
