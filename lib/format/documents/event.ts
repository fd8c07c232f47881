import { readTypes } from '../go-types.ts'

const EVENT_TYPES = `
events.Message
  Status:status string
  ID:id string
  From:from string
  Type events.Type
  Action events.Action
  Actor events.Actor
  Scope:scope string
  Time:time int64
  TimeNano:timeNano int64
events.Actor
  ID string
  Attributes map[string]string
`

/** What a line of `events` is for a template. */
export const EVENT = readTypes(EVENT_TYPES)('*events.Message')
