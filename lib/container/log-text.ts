import type { LogRecord } from './log-record.ts'

/** How a line of the log is shown: with its time, and with what the driver's options chose, in front. */
export function lineFormat(timestamps: boolean, details: boolean): (record: LogRecord) => string {
  return ({ text, time, attributes }) =>
    `${timestamps ? `${padTime(time)} ` : ''}${details ? `${formatAttributes(attributes)} ` : ''}${text}`
}

/** Nine digits of a second: the columns of all lines agree. */
function padTime(time: string): string {
  const [, seconds = time, fraction = ''] = /^([^.Z]+)(?:\.(\d+))?Z$/.exec(time) ?? []
  return `${seconds}.${fraction.padEnd(9, '0')}Z`
}

/** `a=1,b=x+y`: what is in them cannot be taken for what stands between them. */
function formatAttributes(attributes: Readonly<Record<string, string>>): string {
  const encode = (text: string): string => new URLSearchParams({ '': text }).toString().slice(1)
  return Object.entries(attributes)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${encode(key)}=${encode(value)}`)
    .join(',')
}
