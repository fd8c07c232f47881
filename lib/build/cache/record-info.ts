/** What a record of the build cache is of, in BuildKit's words. */
export type CacheRecordType =
  | 'regular'
  | 'source.local'
  | 'source.git.checkout'
  | 'exec.cachemount'
  | 'frontend'
  | 'internal'

/** A record of the build cache, as `buildx du` and `system df` tell of it. */
export interface CacheRecordInfo {
  id: string
  parents: readonly string[]
  createdAt: Date
  lastUsedAt: Date | undefined
  usageCount: number
  /** Bytes on the disk. */
  size: number
  description: string
  type: CacheRecordType
  /** A build has it at this moment. */
  inUse: boolean
  /** An image has it, too: its bytes stay when the record goes. */
  shared: boolean
  /** It may change yet: a mount of type cache, a context. */
  mutable: boolean
  /** It may be removed. */
  reclaimable: boolean
}

/** Which records a prune takes, or a listing shows. */
export interface CacheFilter {
  /** Nanoseconds: only what was not used for so long; 0: no matter when. */
  unusedFor: number
  /** All of them must hold, as `type==regular`. */
  conditions: readonly CacheCondition[]
}

/** `==` is equality, `!=` its opposite, `~=` finds a pattern of regular expressions. */
export interface CacheCondition {
  field: string
  operator: '==' | '!=' | '~='
  value: string
}

export interface CachePruneRequest {
  /** Records that only the front end or the cache itself made, too, and those that images share. */
  all: boolean
  filter: CacheFilter
  /** Bytes that may stay, those used last; 0: nothing. */
  keepStorage: number
}

export interface CachePruned {
  removed: readonly CacheRecordInfo[]
  /** Bytes. */
  reclaimed: number
}
