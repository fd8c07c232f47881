import { collectInfo } from '../../lib/housekeeping/info.ts'
import { infoDocument } from '../../lib/housekeeping/info-document.ts'
import { type ApiVersion, atLeast } from '../http/api-version.ts'
import type { Call } from '../http/call.ts'

type Document = Record<string, unknown>

/** `GET /info`: the host and what the engine can do on it. */
export async function info({ engine, version, reply }: Call): Promise<void> {
  reply.json(forVersion(infoDocument(await collectInfo(engine, false)), version))
}

/** Members went: the document is that of 1.47 and 1.48. */
function forVersion(document: Document, version: ApiVersion): Document {
  if (!atLeast(version, 47)) return withArtifacts(document)
  const { BridgeNfIptables: _, BridgeNfIp6tables: __, ...rest } = document
  const told = atLeast(version, 50) ? rest : document
  return atLeast(version, 49) ? { ...told, ...bareCommits(document) } : told
}

/** What registries are kept from, which is nothing. */
const withArtifacts = (document: Document): Document => ({
  ...document,
  RegistryConfig: {
    AllowNondistributableArtifactsCIDRs: null,
    AllowNondistributableArtifactsHostnames: null,
    ...(document.RegistryConfig as Document),
  },
})

const bareCommits = (document: Document): Document =>
  Object.fromEntries(
    ['ContainerdCommit', 'RuncCommit', 'InitCommit'].map((name) => {
      const { ID } = document[name] as Document
      return [name, { ID }]
    }),
  )
