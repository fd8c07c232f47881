import type { Route } from '../http/call.ts'

export const containersRoutes: readonly Route[] = []
