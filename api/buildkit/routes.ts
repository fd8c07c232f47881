import type { Route } from '../http/call.ts'

export const buildkitRoutes: readonly Route[] = []
