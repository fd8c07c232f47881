import { LighterError } from '../../core/errors.ts'
import { compileGlob } from '../context/glob.ts'
import { type Override, type Overrides, overrideTarget } from './overrides.ts'
import {
  type Definition,
  type FieldValue,
  type Group,
  isTexts,
  type Members,
  mergeTargets,
  type Target,
  tidyTarget,
} from './target.ts'

/** What is to be built: targets with all that they inherit, and the groups that named them. */
export interface Plan {
  groups: ReadonlyMap<string, readonly string[]>
  targets: ReadonlyMap<string, Target>
  /** Those that are there only because others stand on them. */
  linked: ReadonlySet<string>
}

/** What has the value of a context that is another target. */
const LINK = 'target:'

/** Targets of one name are one: what the later ones say is over what the earlier ones say. Of groups the last one counts. */
export function joinSameNames({ targets, groups, variables, warnings }: Definition): Definition {
  const merged = new Map<string, Target>()
  for (const target of targets) {
    const old = merged.get(target.name)
    merged.set(target.name, old ? mergeTargets(old, target) : target)
  }
  const last = new Map(groups.map((group): [string, Group] => [group.name, group]))
  return { targets: [...merged.values()], groups: [...last.values()], variables, warnings }
}

/**
 * Chooses the targets that names stand for, with what is set over them. Throws `usage` for what is not there, and for targets that stand
 * on themselves.
 */
export function planTargets(
  definition: Definition,
  names: readonly string[],
  overrides: readonly Override[],
): Plan {
  const resolver = new Resolver(definition, overrides)
  const groups = new Map<string, readonly string[]>()
  for (const name of names) resolver.choose(name, groups)
  const others = names.filter((name) => name !== 'default')
  if (others.length > 0)
    groups.set('default', [...new Set([...(groups.get('default') ?? []), ...others])])
  const own = [...resolver.targets.keys()]
  for (const name of own) resolver.link(name, [])
  const linked = new Set([...resolver.targets.keys()].filter((name) => !own.includes(name)))
  return { groups, targets: resolver.targets, linked }
}

/** The names of contexts that are other targets. */
export function linksOf({ values }: Target): string[] {
  const contexts = (values.get('contexts') ?? {}) as Members
  return Object.values(contexts).flatMap((value) =>
    value?.startsWith(LINK) ? [value.slice(LINK.length)] : [],
  )
}

class Resolver {
  readonly targets = new Map<string, Target>()
  readonly #definition: Definition
  readonly #overrides: Overrides

  constructor(definition: Definition, overrides: readonly Override[]) {
    this.#definition = definition
    this.#overrides = this.#assign(overrides)
  }

  /** What is set for each target: the names of overrides are patterns. */
  #assign(overrides: readonly Override[]): Overrides {
    const assigned = new Map<string, Override[]>()
    for (const override of overrides) {
      const matches = compileGlob(override.pattern, 'path')
      const names = this.#definition.targets.map(({ name }) => name).filter(matches)
      if (names.length === 0) throw bad(`could not find any target matching '${override.pattern}'`)
      for (const name of names) assigned.set(name, [...(assigned.get(name) ?? []), override])
    }
    return assigned
  }

  choose(name: string, groups: Map<string, readonly string[]>, way: readonly string[] = []): void {
    const group = this.#definition.groups.find((other) => other.name === name)
    if (!group) {
      this.targets.set(name, this.#resolve(name))
      return
    }
    groups.set(name, group.targets)
    for (const member of group.targets) {
      // A group may have a target of its own name; what is a group further out can only be one here.
      if (member === name || way.includes(member)) this.targets.set(member, this.#resolve(member))
      else this.choose(member, groups, [...way, name])
    }
  }

  #resolve(name: string): Target {
    const { values } = this.#inherit(name, [])
    const whole = new Map<string, FieldValue>([
      ['context', '.'],
      ['dockerfile', 'Dockerfile'],
      ...values,
    ])
    const args = Object.entries((whole.get('args') ?? {}) as Members).filter(
      ([, value]) => value !== null,
    )
    const labels = Object.entries((whole.get('labels') ?? {}) as Members).filter(
      ([, value]) => value !== null,
    )
    if (whole.has('args')) whole.set('args', Object.fromEntries(args))
    if (whole.has('labels')) whole.set('labels', Object.fromEntries(labels))
    return tidyTarget({ name, inherits: [], values: whole })
  }

  /** A circle of them ends where it began. */
  #inherit(name: string, way: readonly string[]): Target {
    const own = this.#definition.targets.find((target) => target.name === name)
    if (!own) throw bad(`failed to find target ${name}`)
    let under: Target = { name, inherits: [], values: new Map() }
    for (const parent of own.inherits) {
      if (parent === name || way.includes(parent)) continue
      under = mergeTargets(under, this.#inherit(parent, [...way, name]))
    }
    return overrideTarget(mergeTargets(under, own), this.#overrides.get(name) ?? [])
  }

  /** Has the targets be there that a target stands on. */
  link(name: string, way: readonly string[]): void {
    const target = this.targets.get(name)
    if (!target) return
    for (const wanted of linksOf(target)) {
      if (wanted === name || way.includes(wanted))
        throw bad(`infinite loop from ${name} to ${wanted}`)
      if (!this.targets.has(wanted)) {
        const { values, ...rest } = this.#resolve(wanted)
        const inner = [...values].filter(([name]) => name !== 'output')
        this.targets.set(wanted, { ...rest, values: new Map(inner) })
      }
      this.link(wanted, [...way, name])
      this.#checkPlatforms(name, wanted)
    }
  }

  #checkPlatforms(name: string, wanted: string): void {
    const [own, other] = [name, wanted].map((each) =>
      this.targets.get(each)?.values.get('platforms'),
    )
    if (!isTexts(own) || !isTexts(other) || own.length < 2 || other.length < 2) return
    if ([...own].sort().join() === [...other].sort().join()) return
    const both = `[${other.join(' ')}] and [${own.join(' ')}]`
    throw bad(
      `target ${wanted} can't be used by ${name} because it is defined for different platforms ${both}`,
    )
  }
}

const bad = (message: string): LighterError => new LighterError('usage', message)
