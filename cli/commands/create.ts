import { createContainer } from '../../lib/container/create.ts'
import type { Context } from '../context.ts'
import { claimCidFile } from '../flags/cid-file.ts'
import { parseCreateRequest } from '../flags/create-request.ts'
import { obtainImage } from '../flags/obtain-image.ts'
import { warnAboutLimits } from '../flags/warnings.ts'
import type { Parsed } from '../parse.ts'

/** `create`: makes a container and prints its id. */
export async function run(context: Context, parsed: Parsed): Promise<number> {
  const request = await parseCreateRequest(parsed, false, false)
  using cidFile = claimCidFile(request.cidFile)
  const image = await obtainImage(context, parsed)
  const { record, warnings } = await createContainer(context.engine, image, request)
  warnAboutLimits(context, request, [...warnings, ...image.warnings])
  cidFile.write(record.id)
  context.print(record.id)
  return 0
}
