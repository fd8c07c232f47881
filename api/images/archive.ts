import { Readable } from 'node:stream'

/**
 * What a client sends as an archive. Whoever reads it may end it before its end: the connection stays, for the answer. It fails when the
 * client is gone.
 */
export const archiveOf = (body: Readable): Readable =>
  Readable.from(body.iterator({ destroyOnReturn: false }), { objectMode: false })
