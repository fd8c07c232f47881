import type { Call } from '../http/call.ts'

/** `POST /images/create`: a pull with `fromImage`, an import with `fromSrc`. */
export async function create(call: Call): Promise<void> {
  if (call.query.text('fromImage') !== '') return await (await import('./pull.ts')).pull(call)
  await (await import('./import.ts')).importArchive(call)
}
