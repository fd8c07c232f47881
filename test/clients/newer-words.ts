import type { Answer } from '../peers/suite.ts'

/** Whether a client, by what `docker --version` says, has the words that Docker's command line got with 28. */
export const hasNewerWords = (version: string): boolean =>
  Number(/\bversion (\d+)\./.exec(version)?.[1] ?? 0) >= 28

/** What Docker's command line 26 said, as that of 28 says it: no full stop, another hint, other words for the number of arguments. */
export const inNewerWords = ({ exitCode, stdout, stderr }: Answer): Answer => ({
  exitCode,
  stdout: translate(stdout),
  stderr: translate(stderr),
})

const HINT = /^See '(docker[^']*) --help'\.$/
const COUNT = /^"(docker[^"]*)" ((?:requires|accepts) .*)\.$/
const REFUSED = /^(docker: .*)\.$/
const FROM_DAEMON = /^(docker: Error response from daemon: .*)\.$/

function translate(lines: readonly string[]): string[] {
  const said: string[] = []
  for (const line of lines) {
    const command = HINT.exec(line)?.[1]
    if (command === undefined) said.push(line)
    else said.push(...beforeHint(said.pop() ?? '', command))
  }
  // What a container could not be started for had no hint, and has one now.
  return said.flatMap((line) => {
    const words = FROM_DAEMON.exec(line)?.[1]
    return words === undefined ? [line] : [words, ...hint('docker run')]
  })
}

/** The last line before a hint, with the hint as it is now; help, which is not compared, begins where it was. */
function beforeHint(line: string, command: string): string[] {
  const [, named, count] = COUNT.exec(line) ?? []
  if (named !== undefined) return [`docker: '${named}' ${count?.replace('exactly ', '')}`]
  const words = REFUSED.exec(line)?.[1] ?? line
  return line.startsWith('docker: ') ? [words, ...hint(command)] : [line]
}

const hint = (command: string): string[] => ['', `Run '${command} --help' for more information`]
