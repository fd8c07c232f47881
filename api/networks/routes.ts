import type { Route } from '../http/call.ts'

export const networksRoutes: readonly Route[] = []
