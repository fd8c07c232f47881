import { join } from 'node:path'
import { LighterError } from '../core/errors.ts'
import { parseJson, readSmallFile } from '../fs/read.ts'
import type { ImageHealthcheck } from '../oci/image.ts'
import type { HealthPlan } from '../runtime/plan.ts'
import type { Container } from './catalog.ts'
import type { ContainerConfig } from './record.ts'
import type { CreateRequest } from './request.ts'
import type { Healthcheck } from './supervision.ts'

const MILLISECOND = 1e6
const SECOND = 1e9
const DEFAULT_INTERVAL = 30 * SECOND
const DEFAULT_TIMEOUT = 30 * SECOND
const DEFAULT_RETRIES = 3
/** The longest that the monitor waits for anything; plan_monitor.c. */
const LONGEST = 2_000_000_000
const MAX_HEALTH = 1024 * 1024

const NO_HEALTHCHECK: Healthcheck = {
  test: [],
  interval: 0,
  timeout: 0,
  startPeriod: 0,
  startInterval: 0,
  retries: 0,
}

/** Puts the image's health check and the user's wishes together. Throws `bad-input`. */
export function decideHealthcheck(
  image: ImageHealthcheck | undefined,
  request: Pick<CreateRequest, 'noHealthcheck' | 'health'>,
): Pick<ContainerConfig, 'healthcheck'> {
  if (request.noHealthcheck) return { healthcheck: { ...NO_HEALTHCHECK, test: ['NONE'] } }
  if (!image && !request.health) return {}
  const healthcheck = { ...NO_HEALTHCHECK, ...image, ...request.health }
  checkTimes(healthcheck)
  return { healthcheck }
}

function checkTimes(check: Healthcheck): void {
  const times = [
    ['Interval', check.interval],
    ['Timeout', check.timeout],
    ['StartPeriod', check.startPeriod],
    ['StartInterval', check.startInterval],
  ] as const
  for (const [name, time] of times) {
    if (time !== 0 && time < MILLISECOND) {
      throw new LighterError('bad-input', `${name} in Healthcheck cannot be less than 1ms`)
    }
  }
}

/** The command line of a health check; `undefined` where none is made. */
export function healthCommand({
  healthcheck,
  shell = ['/bin/sh', '-c'],
}: Pick<ContainerConfig, 'healthcheck' | 'shell'>): string[] | undefined {
  const [kind, ...words] = healthcheck?.test ?? []
  if (kind === 'CMD' && words.length > 0) return words
  if (kind === 'CMD-SHELL' && words[0]) return [...shell, words[0]]
  return undefined
}

/** Its command line as exec events tell it. */
export function eventCheck(config: ContainerConfig): { check?: string } {
  const check = healthCommand(config)?.join(' ')
  return check === undefined ? {} : { check }
}

/** What the monitor needs to know of it. */
export function planHealth(check: string, healthcheck: Healthcheck): HealthPlan {
  const milliseconds = (time: number, usual: number): number =>
    Math.min(LONGEST, Math.round((time || usual) / MILLISECOND))
  return {
    check,
    interval: milliseconds(healthcheck.interval, DEFAULT_INTERVAL),
    timeout: milliseconds(healthcheck.timeout, DEFAULT_TIMEOUT),
    startPeriod: milliseconds(healthcheck.startPeriod, 0),
    // Docker's documentation has five seconds here; its engine keeps to the interval.
    startInterval: milliseconds(
      healthcheck.startInterval || healthcheck.interval,
      DEFAULT_INTERVAL,
    ),
    retries: healthcheck.retries || DEFAULT_RETRIES,
  }
}

export interface HealthReport extends Record<string, unknown> {
  Status: string
  FailingStreak: number
  Log: unknown[]
}

/** What the monitor recorded of the health check, in Docker's shape; `undefined` without a check or before a start. */
export function readHealth({ record, directory }: Container): HealthReport | undefined {
  if (!healthCommand(record.config)) return undefined
  const report = parseJson(readSmallFile(join(directory, 'health.json'), MAX_HEALTH)) as
    | HealthReport
    | undefined
  return report
}

/** In Docker's shape: what is not given is left out. */
export function inspectHealthcheck(check: Healthcheck): Record<string, unknown> {
  const numbers = {
    Interval: check.interval,
    Timeout: check.timeout,
    StartPeriod: check.startPeriod,
    StartInterval: check.startInterval,
    Retries: check.retries,
  }
  return {
    ...(check.test.length > 0 ? { Test: check.test } : {}),
    ...Object.fromEntries(Object.entries(numbers).filter(([, value]) => value !== 0)),
  }
}
