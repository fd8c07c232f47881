import type { Handler, Route } from './call.ts'

export interface Match {
  upgrades: boolean
  params: Record<string, string>
  load(): Promise<Handler>
}

interface Compiled {
  route: Route
  pattern: RegExp
}

/** Finds who answers a request. The first of several routes that match is meant. */
export class Router {
  readonly #byMethod = new Map<string, Compiled[]>()

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const same = this.#byMethod.get(route.method) ?? []
      same.push({ route, pattern: compile(route.path) })
      this.#byMethod.set(route.method, same)
    }
  }

  /** `path` is without its version, as it was sent; `undefined` where nobody answers, or a part of it is no text. */
  find(method: string, path: string): Match | undefined {
    for (const { route, pattern } of this.#byMethod.get(method) ?? []) {
      const found = pattern.exec(path)
      const params = found && decode(found.groups ?? {})
      if (params) return { params, upgrades: route.upgrades === true, load: () => route.load() }
    }
    return undefined
  }
}

/** `/containers/:id/json` as a pattern; `:name*` may have slashes. */
function compile(path: string): RegExp {
  const escaped = path.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
  const source = escaped.replace(/:(\w+)(\*?)/g, (_, name: string, star: string) =>
    star ? `(?<${name}>.+)` : `(?<${name}>[^/]+)`,
  )
  return new RegExp(`^${source}$`)
}

function decode(groups: Record<string, string>): Record<string, string> | undefined {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, text]) => [name, decodeURIComponent(text)]),
    )
  } catch {
    return undefined
  }
}
