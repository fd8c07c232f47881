import type { Dockerfile, Location } from '../dockerfile/ast.ts'
import type { Outline, OutlineMount, Target } from './outline.ts'

/** A document that answers what is asked of a Dockerfile, with the file that its locations are of; as BuildKit's front end has it. */
export const withSources = (document: object, { lines }: Dockerfile): object => ({
  ...document,
  sources: [Buffer.from(lines.join('\n')).toString('base64')],
})

/** Where something stands. */
const locationDocument = ({ start, end }: Location): object => ({
  ranges: [{ start: { line: start }, end: { line: end } }],
})

/** The answer to `--call=targets`. */
export const targetsDocument = (targets: readonly Target[]): object => ({
  targets: targets.map(({ name, isDefault, description, base, platform, location }) => ({
    ...some({ name, default: isDefault, description, base, platform }),
    location: locationDocument(location),
  })),
})

/** The answer to `--call=outline`. */
export const outlineDocument = ({
  name,
  description,
  args,
  secrets,
  ssh,
  caches,
}: Outline): object => ({
  ...some({ name, description }),
  ...list(
    'args',
    args.map((arg) => ({
      name: arg.name,
      ...some({ description: arg.description, value: arg.value }),
      location: locationDocument(arg.location),
    })),
  ),
  ...list('secrets', secrets.map(mountDocument)),
  ...list('ssh', ssh.map(mountDocument)),
  ...list(
    'cache',
    caches.map((cache) => ({ ID: cache.name, location: locationDocument(cache.location) })),
  ),
})

const mountDocument = ({ name, isRequired, location }: OutlineMount): object => ({
  name,
  ...some({ required: isRequired }),
  location: locationDocument(location),
})

const list = (name: string, items: readonly object[]): object =>
  items.length === 0 ? {} : { [name]: items }

/** Members that say nothing are left out, as Go does it. */
const some = (members: Readonly<Record<string, string | boolean>>): object =>
  Object.fromEntries(Object.entries(members).filter(([, value]) => value !== '' && value !== false))
