import type { RestartPolicyName } from '../runtime/plan.ts'

/** As in Docker's documents: times in nanoseconds, 0 = the default. */
export interface Healthcheck {
  test: string[]
  interval: number
  timeout: number
  startPeriod: number
  startInterval: number
  retries: number
}

export interface RestartPolicy {
  name: RestartPolicyName
  maximumRetryCount: number
}

export interface LogConfig {
  type: string
  config: Record<string, string>
}
