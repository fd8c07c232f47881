import type { Route } from '../http/call.ts'

export const swarmRoutes: readonly Route[] = []
