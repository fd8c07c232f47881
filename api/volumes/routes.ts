import type { Route } from '../http/call.ts'

export const volumesRoutes: readonly Route[] = []
