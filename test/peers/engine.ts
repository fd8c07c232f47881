import { spawnSync } from 'node:child_process'
import type { RawAnswer } from './build/answer.ts'
import { normaliseLines } from './normalise.ts'
import { type Answer, cleanUp, PRELUDE, TIME_LIMIT, WHAT_IS_LEFT } from './suite.ts'

/** Begins what a script left, after its own standard error. */
const LEFT = '\n== left behind:\n'

/** A real engine, reached through the script that `PEERS` names: `$PEERS sh docker|podman SCRIPT`. */
export class Engine {
  readonly program: 'docker' | 'podman'
  readonly #peers: string

  constructor(program: 'docker' | 'podman') {
    this.program = program
    const { PEERS } = process.env
    if (!PEERS) throw new Error('PEERS names no script that runs the engines')
    this.#peers = PEERS
  }

  /**
   * Runs the script of a case and removes what it leaves. Both in one go: what runs in one world of Podman is not to be
   * seen from the next. Fails when something stays in Docker, since the next case would see it.
   */
  ask(name: string, script: string): Answer {
    const quoted = `'${(PRELUDE + script).replaceAll("'", `'\\''`)}'`
    const {
      status,
      stdout,
      stderr: said,
    } = this.#run(
      `timeout -k 1 ${TIME_LIMIT} bash -c ${quoted}; code=$?; ${cleanUp()}; printf '${LEFT}' >&2; ${WHAT_IS_LEFT} >&2; exit $code`,
    )
    const [stderr = '', left = ''] = said.split(LEFT)
    if (left !== '' && this.program === 'docker') throw new Error(`${name}: left behind:\n${left}`)
    return {
      exitCode: status ?? 137,
      stdout: normaliseLines(stdout),
      stderr: normaliseLines(stderr),
    }
  }

  /** Runs the script of a build; what it makes stays. */
  askBuild(script: string): RawAnswer {
    const { status, stdout, stderr } = spawnSync(this.#peers, this.#arguments(script), {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 3 * TIME_LIMIT * 1000,
      killSignal: 'SIGKILL',
      maxBuffer: Number.POSITIVE_INFINITY,
    })
    return { exitCode: status ?? 137, stdout, stderr: stderr.toString() }
  }

  /** Standard output of a script that must succeed. */
  say(script: string): string {
    const { status, stdout, stderr } = this.#run(script)
    if (status !== 0) throw new Error(`${this.program}: exit ${status}: ${script}\n${stderr}`)
    return stdout.trim()
  }

  /** The cases list, stop and prune whatever is there. */
  refuseIfInUse(): void {
    if (this.say('docker ps -aq') !== '')
      throw new Error(`${this.program} has containers, which the cases would list and remove`)
    if (this.say('docker images -q busybox') === '')
      throw new Error(`${this.program} has no image named busybox: see test/peers/README.md`)
  }

  #run(script: string) {
    return spawnSync(this.#peers, this.#arguments(script), {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      // A process that the script left behind may hold the pipes.
      timeout: 3 * TIME_LIMIT * 1000,
      killSignal: 'SIGKILL',
    })
  }

  #arguments(script: string): string[] {
    return ['sh', this.program, this.program === 'docker' ? script : PODMAN + script]
  }
}

/** Podman under the name docker; the manager of cgroups is the one that needs no systemd. */
const PODMAN = `mkdir -p ~/.peers; cat >~/.peers/docker <<'END'
#!/bin/sh
exec podman --cgroup-manager cgroupfs "$@"
END
chmod +x ~/.peers/docker; PATH=~/.peers:$PATH; `
