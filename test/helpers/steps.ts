import { execFileSync } from 'node:child_process'
import { afterAll, beforeAll, inject } from 'vitest'
import { later } from './later.ts'
import { type StepDriver, type StepResult, startStepDriver } from './step-driver.ts'
import { makeWorld, testUser, type World } from './world.ts'

/** A world with two images, and a driver of build steps in it, from the first test of a file to its last. */
export interface Steps {
  world: World
  driver: StepDriver
  /** The image of the steps, and another one. */
  image: string
  other: string
  /** Runs a script as a step. */
  sh: (script: string, more?: object) => Promise<StepResult>
}

export function driveSteps(name: string): Steps {
  const image = `${inject('registry')}/busybox:latest`
  const other = `${inject('registry')}/debian:bookworm`
  let world: World | undefined
  let driver: StepDriver | undefined
  beforeAll(async () => {
    world = makeWorld(name)
    for (const each of [image, other]) await world.lighter(['pull', '-q', each])
    driver = startStepDriver(world)
  })
  afterAll(async () => {
    await driver?.end()
    // What a driver that was killed had begun.
    await world?.lighter(['system', 'prune', '-f'])
    await world?.remove()
  })
  const steps = { world: later(() => world), driver: later(() => driver) }
  return {
    ...steps,
    image,
    other,
    sh: (script, more = {}) =>
      steps.driver.run({ image, args: ['/bin/sh', '-c', script], ...more }),
  }
}

/** What the test user runs, by command line. */
export const processes = (): string[] =>
  execFileSync('ps', ['-u', testUser().name, '-o', 'stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('Z'))
