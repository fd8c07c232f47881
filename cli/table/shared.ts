import { checkFilter } from '../flags/filter.ts'
import type { FlagSpec } from '../flags/spec.ts'

/** No limit on operands. */
export const ANY = Number.POSITIVE_INFINITY

export const filter: FlagSpec = {
  type: 'list',
  short: 'f',
  placeholder: 'filter',
  check: checkFilter,
  summary: 'Filter output based on conditions provided',
}

export const detachKeys: FlagSpec = {
  type: 'string',
  summary: 'Override the key sequence for detaching a container',
}

export const platform: FlagSpec = {
  type: 'string',
  summary: 'Set platform if server is multi-platform capable',
}

/** Of an image for several platforms the one that is meant. */
export const onlyPlatform = (verb: string): FlagSpec => ({
  type: 'string',
  summary: `${verb} only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")`,
})

export const format: FlagSpec = {
  type: 'string',
  summary:
    "Format output using a custom template: 'json' prints JSON, 'TEMPLATE' the given Go template",
}

/** The same of what prints a table. */
export const listFormat: FlagSpec = {
  type: 'string',
  summary:
    "Format output using a custom template: 'table' prints output in table format with column headers (default), 'table TEMPLATE' in table format using the given Go template, 'json' in JSON format, 'TEMPLATE' using the given Go template. Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
}

/** `--filter` of the commands that remove many. */
export const pruneFilter = (summary: string): FlagSpec => ({
  type: 'list',
  placeholder: 'filter',
  check: checkFilter,
  summary,
})
