import type { Route } from '../http/call.ts'

export const streamsRoutes: readonly Route[] = []
