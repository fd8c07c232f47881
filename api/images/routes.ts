import type { Route } from '../http/call.ts'

export const imagesRoutes: readonly Route[] = []
