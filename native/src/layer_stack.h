/* SPDX-License-Identifier: Apache-2.0 */
/* What the layers of an image say together about one directory after the other, without mounting
 * them: one descriptor per layer, however deep the tree is. */
#ifndef LIGHTER_LAYER_STACK_H
#define LIGHTER_LAYER_STACK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "fail.h"
#include "spec.h"

struct stacked_layer {
	int fd;
	long depth;	/* of the directory fd is; the layer takes part where this is the stack's */
	bool overrides; /* its owners and modes are in attributes */
	bool plain;	/* a directory of the host: nothing in it is a mark */
};

struct layer_stack {
	struct stacked_layer *layers; /* the topmost first */
	size_t count;
	long depth;
};

/* Opens layer directories, the topmost first. */
int layer_stack_open(
	const struct string_list *directories, struct layer_stack *ret, struct failure *out);

/* The same of a directory of the host, alone. */
int layer_stack_open_plain(const char *path, struct layer_stack *ret, struct failure *out);

/* Looks a name up in the current directory. Returns the descriptor of the directory that has it
 * (the stack's) and its status, or -1 when the layers have no such name. */
int layer_stack_find(const struct layer_stack *stack, const char *name, struct stat *ret);

/* Goes down into a directory of that name; where the layers have none, none takes part. Returns -1
 * with errno. */
int layer_stack_enter(struct layer_stack *stack, const char *name);
int layer_stack_leave(struct layer_stack *stack);

/* Tells every name that the layers have in the current directory, in no order. */
int layer_stack_names(const struct layer_stack *stack,
	void (*tell)(void *context, const char *name), void *context);

void layer_stack_close(struct layer_stack *stack);

/* The two ways in which a layer says that a name of lower layers is gone: a device 0/0, and a file
 * `.wh.NAME`. */
bool layer_is_whiteout(const struct stat *status);
bool layer_has_mark(int directory, const char *name);

/* Whether a directory hides what lower layers have in it; `marks`: also by a file. */
bool layer_is_opaque(int directory, bool marks);

#endif
