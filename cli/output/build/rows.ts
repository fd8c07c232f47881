import { printable } from '../../../lib/core/printable.ts'
import { formatProgress } from './amounts.ts'
import type { Mood } from './colours.ts'
import type { Step } from './step.ts'

/** A row of the region that is drawn over. */
export interface Row {
  name: string
  /** How much of it is there. */
  amount: string
  /** Milliseconds. */
  duration: number
  /** Painted when it has ended; `undefined` while it runs. */
  mood: Mood | undefined
  /** Of a step itself, not of what moves inside it. */
  step: Step | undefined
}

/** The rows of a step: itself, what moves inside it, its warnings. */
export function rowsOf(step: Step, now: number): Row[] {
  const { info, failure, isCancelled, isCompleted } = step
  const mark = isCancelled ? 'CANCELED ' : failure ? 'ERROR ' : ''
  const mood = isCancelled ? 'cancel' : failure ? 'error' : 'run'
  const duration = step.duration(now)
  const head: Row = {
    name: `${info.cached ? 'CACHED ' : ''}${mark}${step.name}`,
    amount: '',
    duration,
    mood: isCompleted ? mood : undefined,
    step,
  }
  const statuses = [...step.statuses.values()].map(
    ({ id, current, total, started, completed }) => ({
      name: `=> ${printable(id)}`,
      amount: formatProgress(current, total),
      duration: (completed?.getTime() ?? now) - (started?.getTime() ?? now),
      mood: completed ? ('run' as const) : undefined,
      step: undefined,
    }),
  )
  const warnings = step.warnings.map(({ short }) => ({
    name: `WARN: ${printable(short)}`,
    amount: '',
    duration,
    mood: 'cancel' as const,
    step: undefined,
  }))
  return [head, ...statuses, ...warnings]
}

/** So many of the rows: the last ones, and those that run in the place of older ones that have ended. */
export function fitRows(rows: readonly Row[], limit: number): readonly Row[] {
  if (rows.length <= limit) return rows
  if (limit <= 0) return []
  const hidden = rows.slice(0, -limit).filter(({ mood }) => mood === undefined)
  let wanted = hidden.length
  const kept = rows.slice(-limit).filter(({ mood }) => mood === undefined || wanted-- <= 0)
  return [...hidden.slice(hidden.length - (limit - kept.length)), ...kept]
}
