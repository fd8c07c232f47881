import { build, compatible } from '../../lib/core/build-info.ts'
import { type InfoFacts, infoDocument } from '../../lib/housekeeping/info-document.ts'
import type { Plugin } from '../plugins/metadata.ts'

/** The document of `info`: the engine's, and what Docker's client says of itself. */
export const clientInfoDocument = (
  facts: InfoFacts,
  plugins: readonly Plugin[],
): Record<string, unknown> => ({
  ...infoDocument(facts),
  ...clientMembers(facts, plugins),
})

const clientMembers = (
  { debug }: InfoFacts,
  plugins: readonly Plugin[],
): Record<string, unknown> => ({
  ClientInfo: {
    Debug: debug,
    Platform: { Name: `lighter ${build.version}` },
    Version: compatible.version,
    ApiVersion: compatible.api,
    DefaultAPIVersion: compatible.api,
    GitCommit: build.commit,
    Os: 'linux',
    Context: 'default',
    Plugins: plugins.map(({ name, path, metadata }) => ({ ...metadata, Name: name, Path: path })),
    Warnings: null,
  },
})
