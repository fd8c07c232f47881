/* SPDX-License-Identifier: Apache-2.0 */
/* The empty files and directories that Docker has in a layer of its own below each container.
 * Where the image does not let one be made, it is left out. */
#ifndef LIGHTER_PLACEHOLDERS_H
#define LIGHTER_PLACEHOLDERS_H

/* Those that no mount makes, in the root filesystem ROOT. */
void placeholders_add_marks(int root);

/* All of them, for a container that was never started and is read. */
void placeholders_add(int root);

#endif
