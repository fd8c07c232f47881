import { createHash } from 'node:crypto'
import { PRELUDE, TIME_LIMIT } from '../suite.ts'

/** One Dockerfile with its context, and what is compared of what comes out. */
export interface BuildCase {
  name: string
  dockerfile: string
  /** Makes the other files of the context, in bash, in the context's directory. */
  files?: string
  /** What happens before the build, in bash, beside the directory `context`. */
  before?: string
  /** Words of the shell between `docker build -t built` and the context. */
  flags?: string
  /** The whole command, in place of `docker build -t built FLAGS context`. */
  build?: string
  /** A script whose standard output and standard error belong to the answer. */
  after?: string
  /** What the error must contain, where its whole sentence depends on parts of the engine: the low-level runtime, Go's libraries. */
  phrases?: string[]
  /**
   * What the recorded engine is asked in place of `dockerfile`, with the words of its older front end: only the files of
   * both are compared.
   */
  olderDockerfile?: string
  /** Why lighter answers otherwise on purpose, and what it answers in place of the recorded parts. */
  differs?: { why: string } & Partial<BuildAnswer>
}

export interface BuildTopic {
  /** `build/<file name>`. */
  name: string
  cases: BuildCase[]
}

/** What came out of a build. Without an image only the first three are there. */
export interface BuildAnswer {
  exitCode: number
  /** Place and sentence of the error; empty when there was none. */
  error: string[]
  /** What `after` said. */
  output: string[]
  config?: Record<string, unknown>
  /** `created_by`, with what else is told of a step. */
  history?: string[]
  /** How many are on top of the base. */
  layers?: number
  /** What differs from the base, a line per path. */
  files?: string[]
}

/** A recorded answer; `asked` is of the case that was recorded. */
export type KeptAnswer = BuildAnswer & { asked: string }

/** An answer to another script is worth nothing: what a case asks, in short. */
export function caseDigest(each: BuildCase): string {
  const { dockerfile, files, before, flags, build, after, olderDockerfile } = each
  const asked = [dockerfile, files, before, flags, build, after, olderDockerfile]
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 12)
}

export function buildTopic(name: string, cases: BuildCase[]): BuildTopic {
  const names = new Set(cases.map((each) => each.name))
  if (names.size < cases.length) throw new Error(`Topic ${name}: two cases have one name`)
  return { name: `build/${name}`, cases }
}

/** A Dockerfile, with its backslashes; the indentation of its first line is taken from every line. */
export function file(text: TemplateStringsArray, ...values: string[]): string {
  const lines = String.raw(text, ...values)
    .replaceAll('\\${', '${')
    .replaceAll('\\`', '`')
    .replace(/^\n/, '')
    .replace(/ *$/, '')
    .split('\n')
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0
  return lines.map((line) => line.slice(Math.min(indent, line.length))).join('\n')
}

/** Begins what `after` says, behind the standard error of the build. */
export const OUTPUT = '\n== output:\n'
/** Ends it. */
export const END = '\n== end\n'

/**
 * All files of a context have one time, another one in each case: BuildKit takes a file for one that it has when path, size and
 * time are the same. Which of these times a file has is not compared: the step may come from the cache of another case.
 */
const timeOf = (each: BuildCase): number =>
  CONTEXT_TIMES.first + (Number.parseInt(caseDigest(each), 16) % CONTEXT_TIMES.count)
/** Seconds; the time of the test images' files is the first. */
export const CONTEXT_TIMES = { first: 1_000_000_000, count: 50_000_000 }

/**
 * What cases may call: `serve` shares the directory `www` over HTTP as $server until the case ends; `id NAME` is the id
 * of an image, `same`, `other` tell whether two texts are one.
 */
const HELPERS = `export BUILDKIT_PROGRESS=plain
serve() {
  for _ in $(seq 20); do
    port=$((20000 + RANDOM % 10000)); server=http://127.0.0.1:$port
    busybox httpd -f -p 127.0.0.1:$port -h www 2>/dev/null & web=$!
    for _ in $(seq 50); do
      (: </dev/tcp/127.0.0.1/$port) 2>/dev/null && kill -0 $web && return
      kill -0 $web 2>/dev/null || break
      sleep 0.05
    done
  done
}
id() { docker inspect -f '{{.Id}}' "$1"; }
compare() { if [ "$1" = "$2" ]; then echo same; else echo other; fi; }
xattr() { perl -e 'syscall(188, $ARGV[0], $ARGV[1], $ARGV[2], length $ARGV[2], 0) == 0 or die $!' "$@"; }
`

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`

/**
 * The script of a case. Its standard error is that of the build, OUTPUT, what `after` says, END; its standard output is
 * the archive of the image `built` as `docker save` makes it; its exit code is that of the build.
 */
export function scriptOf(each: BuildCase): string {
  const { files = '', before = '', flags = '', after = '' } = each
  const build = each.build ?? `docker build -t built ${flags} context`
  return `${PRELUDE}${HELPERS}exec 3>&1 1>&2
trap 'kill $web 2>/dev/null; cd /; chmod -R u+rwx "$work" 2>/dev/null; rm -rf "$work" 2>/dev/null' EXIT
mkdir context && cd context || exit 99
printf %s ${quoted(each.dockerfile)} >Dockerfile
${files}
cd ..
{ ${before || ':'}
} >before 2>&1 || { cat before; exit 98; }
find . -exec touch -hd @${timeOf(each)} {} +
export server
timeout -k 1 ${TIME_LIMIT} bash -c ${quoted(build)} </dev/null
code=$?
printf '${OUTPUT.replaceAll('\n', '\\n')}'
{ ${after || ':'}
} </dev/null 2>&1
printf '${END.replaceAll('\n', '\\n')}'
[ $code != 0 ] || docker save built >&3
exit $code
`
}

/** The case as the recorded engine is asked it. */
export const asRecorded = (each: BuildCase): BuildCase =>
  each.olderDockerfile === undefined ? each : { ...each, dockerfile: each.olderDockerfile }
