import { DockerfileError } from '../dockerfile/errors.ts'
import type { Platform } from '../oci/platform.ts'
import { parseNamedContext } from './context/named-context.ts'
import { openNamedDirectory, openUrlContext } from './context/trees.ts'
import type { FileTree } from './files.ts'
import type { BaseImage } from './frontend/conversion.ts'
import { LABELS } from './internal-names.ts'
import type { OutsideRequest } from './outside.ts'
import { openGit } from './remote-tree.ts'

/** Opens a context of `--build-context`: an image, or files, which are read when somebody asks for them. */
export async function openNamed(
  request: OutsideRequest,
  name: string,
  value: string,
  platform: Platform,
): Promise<BaseImage | { open(): Promise<FileTree> }> {
  const { engine, session, images } = request
  const context = parseNamedContext(value)
  switch (context.type) {
    case 'image':
      return await images.find(context.reference, platform, LABELS.namedImage(name))
    case 'layout': {
      const { findInLayout } = await import('./layout-image.ts')
      return await findInLayout(session, context, platform, LABELS.namedImage(name))
    }
    case 'directory':
      return {
        open: async () => openNamedDirectory(engine, name, context.path, session.signal).tree,
      }
    case 'url':
      return {
        open: async () => {
          const opened = await openUrlContext(engine, context.url, session.signal)
          session.atEnd(opened.release)
          return opened.tree
        },
      }
    case 'git':
      return {
        open: () => openGit(request, context.address, { keepGitDirectory: false, isOwn: true }),
      }
    case 'target':
      throw new DockerfileError(
        `the target ${context.name} is one of a bake file: only bake can build it first`,
      )
  }
}
