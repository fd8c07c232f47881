import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** One timed command: exit code and duration in milliseconds. */
export interface Sample {
  code: number
  milliseconds: number
}

/**
 * A long-lived shell in which whole commands are timed. Each contestant has one, so that entering its user,
 * namespaces and environment is paid once and never measured. The clock is read by that shell, just around the command.
 */
export class World {
  readonly name: string
  #shell: ChildProcessWithoutNullStreams
  #answers: AsyncIterator<string>
  #stderr = ''

  private constructor(name: string, command: string[]) {
    this.name = name
    const [program = 'bash', ...args] = command
    this.#shell = spawn(program, args, { stdio: 'pipe' })
    this.#answers = createInterface({ input: this.#shell.stdout })[Symbol.asyncIterator]()
    this.#shell.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-4096)
    })
  }

  /** `command` starts a bash that runs the text given as its last argument. */
  static async open(name: string, command: (script: string) => string[]): Promise<World> {
    const world = new World(name, command(LOOP))
    await world.time('true')
    return world
  }

  /** Runs a shell command with its output thrown away. */
  async time(command: string): Promise<Sample> {
    const { code, milliseconds } = await this.#ask(`{ ${command}\n} >/dev/null`)
    return { code, milliseconds }
  }

  /** Runs a shell command that must succeed; returns its standard output. */
  async run(command: string): Promise<string> {
    const { code, output } = await this.#ask(command)
    if (code !== 0) throw new Error(`${this.name}: exit ${code}: ${command}\n${this.#stderr}`)
    return output
  }

  async close(): Promise<void> {
    const gone = new Promise((resolve) => this.#shell.once('exit', resolve))
    this.#shell.stdin.end()
    await gone
  }

  async #ask(command: string): Promise<Sample & { output: string }> {
    this.#stderr = ''
    this.#shell.stdin.write(`${command}\0`)
    const { value, done } = await this.#answers.next()
    if (done) throw new Error(`${this.name}: the shell ended\n${this.#stderr}`)
    const [code, microseconds, output = ''] = String(value).split(' ')
    return {
      code: Number(code),
      milliseconds: Number(microseconds) / 1000,
      output: Buffer.from(output, 'base64').toString('utf8'),
    }
  }
}

/** Reads commands ended by NUL; answers one line each: exit code, microseconds, output in base64. */
const LOOP = `
cd; out=$(mktemp)
while IFS= read -r -d '' command; do
  start=$EPOCHREALTIME
  eval "$command" >"$out" </dev/null
  code=$?
  end=$EPOCHREALTIME
  printf '%s %s %s\\n' "$code" "$(( \${end/./} - \${start/./} ))" "$(base64 -w0 <"$out")"
done
rm -f "$out"`
