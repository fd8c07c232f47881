import type { Service } from '../http/call.ts'

/** Builds under way that their clients gave an id, by service. */
const builds = new WeakMap<Service, Map<string, AbortController>>()

const buildsOf = (service: Service): Map<string, AbortController> => {
  const known = builds.get(service) ?? new Map<string, AbortController>()
  builds.set(service, known)
  return known
}

/** Has a build be known by its id, as long as what is returned is not disposed of; without an id nobody can ask for it. */
export function register(service: Service, id: string, stop: AbortController): Disposable {
  const running = buildsOf(service)
  if (id !== '') running.set(id, stop)
  return {
    [Symbol.dispose]: () => {
      if (running.get(id) === stop) running.delete(id)
    },
  }
}

/** Stops a build; one that is not known has ended. */
export const stopBuild = (service: Service, id: string): void => buildsOf(service).get(id)?.abort()
