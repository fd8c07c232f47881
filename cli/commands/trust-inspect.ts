import { LighterError } from '../../lib/core/errors.ts'
import { findSignedTags, type SignedTag } from '../../lib/image/signatures.ts'
import type { Context } from '../context.ts'
import { formatTable } from '../output/table.ts'
import { writeOut } from '../output/write.ts'
import type { Parsed } from '../parse.ts'
import { describeError } from '../report.ts'

/** `trust inspect`: who has signed, as Docker shows it; then what nobody has signed. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const isPretty = parsed.bool('pretty')
  const documents: unknown[] = []
  const failures: string[] = []
  for (const name of parsed.operands) {
    try {
      const tags = await findSignedTags(context.engine, name)
      if (isPretty) writeOut(pretty(name, tags))
      else documents.push(describe(name, tags))
    } catch (error) {
      if (!(error instanceof LighterError)) throw error
      failures.push(describeError(error))
    }
  }
  if (!isPretty) writeOut(`${JSON.stringify(documents, null, 4)}\n`)
  for (const failure of failures) context.warn(failure)
  return failures.length > 0 ? 1 : 0
}

/** No keys stand above those of the signers: a policy names them itself. */
const describe = (name: string, tags: readonly SignedTag[]) => ({
  Name: name,
  SignedTags: tags.map(({ tag, digest, signers }) => ({
    SignedTag: tag,
    Digest: digest,
    Signers: namesOf(signers),
  })),
  Signers: keysOf(tags).map(({ name, keys }) => ({ Name: name, Keys: keys.map((ID) => ({ ID })) })),
  AdministrativeKeys: [],
})

const namesOf = (signers: SignedTag['signers']): string[] => [
  ...new Set(signers.map(({ name }) => name)),
]

/** Every signer once, with all keys of that name. */
function keysOf(tags: readonly SignedTag[]): { name: string; keys: string[] }[] {
  const keys = new Map<string, Set<string>>()
  for (const { name, fingerprint } of tags.flatMap(({ signers }) => signers)) {
    keys.set(name, (keys.get(name) ?? new Set()).add(fingerprint))
  }
  return [...keys].map(([name, found]) => ({ name, keys: [...found] }))
}

function pretty(name: string, tags: readonly SignedTag[]): string {
  const signatures = formatTable(
    [
      { head: 'SIGNED TAG', text: ({ tag }: SignedTag) => tag },
      { head: 'DIGEST', text: ({ digest }) => digest },
      { head: 'SIGNERS', text: ({ signers }) => namesOf(signers).join(', ') },
    ],
    tags,
  )
  const signers = formatTable(
    [
      { head: 'SIGNER', text: (signer: { name: string; keys: string[] }) => signer.name },
      { head: 'KEYS', text: ({ keys }) => keys.join(', ') },
    ],
    keysOf(tags),
  )
  return `\nSignatures for ${name}\n\n${signatures.join('\n')}\n\nList of signers and their keys for ${name}\n\n${signers.join('\n')}\n`
}
