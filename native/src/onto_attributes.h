/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LIGHTER_ONTO_ATTRIBUTES_H
#define LIGHTER_ONTO_ATTRIBUTES_H

#include "onto.h"

/* The owner that a file of a layer has where owners are in attributes: OWNER_ATTRIBUTE. */
void onto_read_owner(const struct onto *onto, int fd, struct stat *status);

/* Gives `to` the owner and mode of status, and the attributes of `from` that a layer can have.
 * `status` is what the stack says of `from`; what an attribute says of its owner is put there. */
int onto_copy_attributes(
	const struct onto *onto, int from, int to, struct stat *status, const char *name);

/* Only the attributes. */
int onto_copy_extended(const struct onto *onto, int from, int to, const char *name);

/* Fills the failure for a name that means something else in a layer. Returns -1. */
int onto_refuse_mark(const struct onto *onto, const char *name);

#endif
