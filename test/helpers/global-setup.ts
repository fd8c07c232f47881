import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TestProject } from 'vitest/node'
import { makeImageLayouts } from '../fixtures/images.ts'
import { mountsBelow, processesOf } from './leftovers.ts'
import { pushLayout, startRegistry } from './registry.ts'
import { ensureTestUsers, openDevices, type TestUser } from './test-user.ts'

declare module 'vitest' {
  interface ProvidedContext {
    /** `127.0.0.1:PORT` of the registry with the test images. */
    registry: string
    registryStorage: string
    /** dist/lighter, copied to where the test user can run it and nothing else of the project is. */
    program: string
    /** The native program alone, for tests below the command line. */
    nativeProgram: string
    /** One for each lane; `testUser()` is that of this one. */
    users: TestUser[]
    /** How many files run side by side. */
    lanes: number
    /** Whose containers the tests are about that are for each. */
    who: readonly ('user' | 'root')[]
    /** A directory everyone may enter, removed at the end. */
    work: string
    /** What test runs keep for the next ones. */
    cache: string
  }
}

/** Repositories of the test registry, by the image layout they are pushed from. */
const IMAGES: [layout: string, reference: string, options?: string[]][] = [
  ['busybox', 'busybox:latest'],
  ['busybox', 'busybox:schema2', ['--format', 'v2s2']],
  ['busybox-zstd', 'busybox:zstd'],
  ['busybox-multi', 'busybox:multi', ['--all']],
  ['busybox-arm64', 'busybox:arm64'],
  ['debian', 'debian:bookworm'],
]

/** Makes the world of the tests that run containers: program, unprivileged user, registry with images. */
export default async function setUp(project: TestProject): Promise<() => Promise<void>> {
  if (process.getuid?.() !== 0)
    throw new Error("These tests make a user and run containers as it: run them with 'npm test'")
  // Another build can be tested in place of the packaged one.
  const built =
    process.env.LIGHTER_TEST_PROGRAM ?? new URL('../../dist/lighter', import.meta.url).pathname
  if (!existsSync(built)) throw new Error("dist/lighter is not built: run 'npm run build'")

  openDevices()
  const users = ensureTestUsers()
  const work = mkdtempSync(join(tmpdir(), 'lighter-test-'))
  chmodSync(work, 0o755)
  mkdirSync(join(work, 'bin'))
  const program = install(built, join(work, 'bin/lighter'))
  const native =
    process.env.LIGHTER_TEST_NATIVE ??
    new URL('../../build/native/lighter-native', import.meta.url).pathname
  const nativeProgram = install(native, join(work, 'bin/lighter-native'))

  const cache = join(process.env.XDG_CACHE_HOME ?? '/var/cache', 'lighter-test')
  mkdirSync(cache, { recursive: true })
  const layouts = makeImageLayouts(cache)
  const registry = await startRegistry(mkdtempSync(join(work, 'registry-')))
  for (const [name, reference, options] of IMAGES)
    pushLayout(layouts[name] ?? '', registry.host, reference, options)

  project.provide('registry', registry.host)
  project.provide('registryStorage', registry.storage)
  project.provide('program', program)
  project.provide('nativeProgram', nativeProgram)
  project.provide('users', users)
  project.provide('work', work)
  project.provide('cache', cache)

  return async () => {
    await registry.stop()
    const processes = await lastingProcesses(users)
    const mounts = mountsBelow(work)
    for (const line of processes) kill(Number.parseInt(line, 10))
    if (mounts.length === 0) rmSync(work, { recursive: true, force: true })
    const left = [...processes, ...mounts]
    if (left.length > 0) throw new Error(`The tests left behind:\n${left.join('\n')}`)
  }
}

function install(from: string, to: string): string {
  copyFileSync(from, to)
  chmodSync(to, 0o755)
  return to
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // gone with another one
  }
}

/** A monitor may need a moment to end after its last client heard of the exit. */
async function lastingProcesses(users: TestUser[]): Promise<string[]> {
  const left = () => users.flatMap(processesOf)
  for (let attempt = 0; attempt < 300; attempt++) {
    if (left().length === 0) return []
    await sleep(100)
  }
  return left()
}
