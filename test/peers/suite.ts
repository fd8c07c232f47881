/** One script of docker commands and how its answer is compared. */
export interface PeerCase {
  name: string
  /** Runs in bash in an empty directory; see PRELUDE for what it can call. */
  script: string
  /**
   * What must be in the standard error of both, where the whole text depends on the engine's parts (the low-level
   * runtime says it in its own words). Without it the whole standard error is compared.
   */
  phrases?: string[]
  /** Why lighter answers otherwise on purpose, and what it answers in place of the recorded answer. */
  differs?: { why: string } & Partial<Answer>
}

export interface Topic {
  name: string
  cases: PeerCase[]
}

/** What a script said, normalised; texts as lines, as they are kept in the recorded files. */
export interface Answer {
  exitCode: number
  stdout: string[]
  stderr: string[]
}

export function topic(name: string, cases: PeerCase[]): Topic {
  const names = new Set(cases.map((each) => each.name))
  if (names.size < cases.length) throw new Error(`Topic ${name}: two cases have one name`)
  return { name, cases }
}

/** A script, with backslashes as they are except before `${`. */
export const sh = (text: TemplateStringsArray, ...values: string[]): string => {
  const script = String.raw(text, ...values).replaceAll('\\${', '${')
  return script
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n')
}

/**
 * What scripts may call: `box NAME [flags]` starts a container that sleeps; `stoppable NAME [flags]` one that dies at once of
 * SIGTERM, and returns when it would; `code COMMAND` says the exit code on standard output, for scripts of several commands;
 * `until_says PATTERN COMMAND` waits for a state.
 */
export const PRELUDE = `umask 022
work=$(mktemp -d); trap 'cd /; rm -rf "$work" 2>/dev/null' EXIT
cd "$work" || exit 99
box() { docker run -d --name "$@" busybox sh -c 'trap "exit 0" TERM; sleep 1000 & wait' >/dev/null; }
stoppable() {
  docker run -d --name "$@" busybox sh -c 'trap "exit 0" TERM; echo ready; sleep 1000 & wait' >/dev/null
  until_says ready docker logs "$1"
}
code() { "$@"; echo "= $?"; }
until_says() {
  for _ in $(seq 200); do "\${@:2}" 2>&1 | grep -q -- "$1" && return; sleep 0.1; done
  echo "never said: $1" >&2
}
`

/** Images as `repository tag digest id`, without the one that is there before each case. */
const OTHER_IMAGES = `docker images -a --digests --format '{{.Repository}} {{.Tag}} {{.Digest}} {{.ID}}' |
  grep -vE '^(localhost/|docker.io/library/)?busybox latest '`
const OTHER_NETWORKS = `docker network ls --format '{{.Name}}' | grep -vxE 'bridge|host|none|podman'`

/** Kinds of things that a script may leave. */
export type Kind = 'container' | 'volume' | 'network' | 'image' | 'plugin'

/** What removes them. A network that is the configuration of another goes only after that one, hence two rounds. */
const REMOVALS: Record<Kind, string> = {
  container: 'docker ps -aq | xargs -r docker rm -fv',
  volume: 'docker volume ls -q | xargs -r docker volume rm',
  network: `for round in 1 2; do ${OTHER_NETWORKS} | xargs -r docker network rm; done`,
  image: `${OTHER_IMAGES} | while read -r repository tag digest id; do
    case $repository:$tag in
      '<none>:'*) docker rmi -f $id;;
      *:'<none>') docker rmi -f $repository@$digest;;
      *) docker rmi -f $repository:$tag;;
    esac
  done`,
  plugin: `plugins=\${XDG_RUNTIME_DIR:-/run}/docker/plugins
  rm -f $plugins/keeper.sock; rmdir $plugins \${plugins%/*}`,
}

/** A script that removes what is left of these kinds, or of all; not part of an answer. */
export function cleanUp(
  kinds: ReadonlySet<Kind> = new Set(Object.keys(REMOVALS) as Kind[]),
): string {
  // In this order: what is used goes after its users.
  const commands = Object.entries(REMOVALS).filter(([kind]) => kinds.has(kind as Kind))
  return `{ ${commands.map(([, command]) => command).join('\n')}\n} >/dev/null 2>&1\ntrue`
}

/** Says what is there all the same: the next case would list it. */
export const WHAT_IS_LEFT = `{
  docker ps -a --format 'container {{.Names}}'
  docker volume ls --format 'volume {{.Name}}'
  ${OTHER_NETWORKS} | sed 's/^/network /'
  ${OTHER_IMAGES} | sed 's/^/image /'
  docker images -q busybox:latest | grep -q . || echo 'no image busybox'
}`

/** Seconds after which a script is killed; the answer then has exit code 124. */
export const TIME_LIMIT = 60
