import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, inject } from 'vitest'
import { makeWorld, type World } from './world.ts'

/** The world of the test that runs, in files that call `useChecks`; it has the test image. */
export let world: World

/** Gives each test of a file a world of its own. */
export function useChecks(): void {
  beforeEach(async () => {
    world = makeWorld('check')
    await run('pull', '-q', image())
  })
  afterEach(() => world.remove())
}

export const registry = () => inject('registry')
export const image = () => `${registry()}/busybox:latest`
export const inData = (...parts: string[]) => join(world.data, ...parts)
export const names = (folder: string): string[] =>
  existsSync(inData(folder)) ? readdirSync(inData(folder)).sort() : []

export const works = { exitCode: 0, stderr: '' }
export const run = async (...args: string[]): Promise<string> => {
  const outcome = await world.lighter(args)
  expect(outcome, args.join(' ')).toMatchObject(works)
  return outcome.stdout
}
export const check = (...flags: string[]) => world.lighter(['system', 'check', ...flags])
export const hello = () =>
  run('run', '--rm', '--network', 'none', image(), 'cat', '/etc/from-second-layer')

/** Everything is whole, and nothing is left over. */
export async function expectClean(): Promise<void> {
  const { exitCode, stdout, stderr } = await check('--max', '0s')
  expect(stdout).toMatch(/^Checked [^\n]*: 0 damaged\n$/)
  expect({ exitCode, stderr }).toEqual(works)
}

/** The directory of the layer that has a file. */
export function layerWith(file: string): string {
  const name = names('layers').find((layer) => existsSync(inData('layers', layer, 'fs', file)))
  if (name === undefined) throw new Error(`No layer has ${file}`)
  return inData('layers', name)
}

/** Gives what root made to the user of this world. */
export const give = (...paths: string[]) =>
  execFileSync('chown', ['-hR', '--from=0:0', `${world.ids.uid}:${world.ids.gid}`, ...paths])

/** As the user of this world, for what root makes would be root's. */
export const put = (path: string, text: string) => {
  writeFileSync(path, text)
  give(path)
}

export const blobs = (isDocument: boolean): string[] =>
  names('blobs/sha256')
    .map((name) => inData('blobs/sha256', name))
    .filter((path) => (readFileSync(path)[0] === 0x7b) === isDocument)

export function flip(path: string): void {
  const bytes = readFileSync(path)
  const at = bytes.length >> 1
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at)
  writeFileSync(path, bytes)
}
