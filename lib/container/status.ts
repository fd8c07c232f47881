import type { ContainerState } from './state.ts'

const SECOND = 1
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** A length of time in the words of Docker: `About a minute`, `3 hours`, `2 weeks`. */
export function formatAge(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  const minutes = Math.floor(seconds / MINUTE)
  const hours = Math.round(seconds / HOUR)
  if (seconds < 1) return 'Less than a second'
  if (seconds === 1) return '1 second'
  if (seconds < 60) return `${seconds} seconds`
  if (minutes === 1) return 'About a minute'
  if (minutes < 60) return `${minutes} minutes`
  if (hours === 1) return 'About an hour'
  if (hours < 48) return `${hours} hours`
  if (hours < 24 * 7 * 2) return `${Math.floor(hours / 24)} days`
  if (hours < 24 * 30 * 2) return `${Math.floor(hours / 24 / 7)} weeks`
  if (hours < 24 * 365 * 2) return `${Math.floor(hours / 24 / 30)} months`
  return `${Math.floor(seconds / DAY / 365)} years`
}

/** The state in the words of `ps`. */
export function formatStatus(state: ContainerState, now: number): string {
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${formatAge(now - Date.parse(state.startedAt))}${state.paused ? ' (Paused)' : ''}`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${formatAge(now - Date.parse(state.finishedAt))} ago`
    case 'exited':
      return `Exited (${state.exitCode}) ${formatAge(now - Date.parse(state.finishedAt))} ago`
  }
}
