import type { Route } from '../http/call.ts'

export const buildRoutes: readonly Route[] = []
