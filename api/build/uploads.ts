import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import type { Service } from '../http/call.ts'
import { ApiError } from '../http/errors.ts'

/** Begins the `buildid` of a request that only brings the context of another one, whose id follows. */
export const UPLOAD_PREFIX = 'upload-request:'
/** As a remote context: it comes with a request of its own. */
export const UPLOAD_REQUEST = 'upload-request'

/** Milliseconds for which each of the two requests waits for the other. */
const PATIENCE = 5000

/** A context that one of the two waits for. */
interface Meeting {
  upload: PromiseWithResolvers<Readable>
  taken: PromiseWithResolvers<void>
}

const meetings = new WeakMap<Service, Map<string, Meeting>>()

function meetingOf(service: Service, id: string): Meeting {
  const known = meetings.get(service) ?? new Map<string, Meeting>()
  meetings.set(service, known)
  const meeting = known.get(id) ?? {
    upload: Promise.withResolvers<Readable>(),
    taken: Promise.withResolvers<void>(),
  }
  known.set(id, meeting)
  return meeting
}

/** Hands a context over to the build of that id; returns once it has been read. Throws 500 where no build wants it. */
export async function bringUpload(service: Service, id: string, context: Readable): Promise<void> {
  const { upload, taken } = meetingOf(service, id)
  upload.resolve(context)
  try {
    await patiently(taken.promise)
    // How it was for the build is told by the other request.
    await finished(context).catch(() => undefined)
  } finally {
    meetings.get(service)?.delete(id)
  }
}

/** The context that is brought for a build. Throws 500 where none comes. */
export async function takeUpload(service: Service, id: string): Promise<Readable> {
  const { upload, taken } = meetingOf(service, id)
  try {
    return await patiently(upload.promise)
  } catch (error) {
    meetings.get(service)?.delete(id)
    throw error
  } finally {
    taken.resolve()
  }
}

async function patiently<Result>(wanted: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new ApiError(500, 'no context has come for the build')),
    PATIENCE,
  )
  try {
    return await Promise.race([wanted, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
