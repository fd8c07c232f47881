import { formatSpan } from '../core/units.ts'
import type { ContainerState } from './state.ts'

/** The state in the words of `ps`. */
export function formatStatus(state: ContainerState, now: number): string {
  switch (state.status) {
    case 'created':
      return 'Created'
    case 'running':
      return `Up ${formatSpan(now - Date.parse(state.startedAt))}${state.paused ? ' (Paused)' : ''}`
    case 'restarting':
      return `Restarting (${state.exitCode}) ${formatSpan(now - Date.parse(state.finishedAt))} ago`
    case 'exited':
      return `Exited (${state.exitCode}) ${formatSpan(now - Date.parse(state.finishedAt))} ago`
  }
}
