/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options, and mounting by descriptor: a mount is made detached, checked, and attached to a
 * target that is a descriptor too. No path inside a root filesystem is ever given to the kernel
 * twice. */
#ifndef LIGHTER_MOUNT_H
#define LIGHTER_MOUNT_H

#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "spec.h"

/* Step of the failure of a volume's part that is not there. */
#define SUBPATH_STEP "subpath"

/* The options of one mount, by what they act on. */
struct mount_options {
	bool bind, recursive; /* bind or rbind */
	bool remount;
	bool tmpcopyup;		 /* a tmpfs starts with what it hides */
	bool source_nofollow;	 /* the source must not end in a symbolic link */
	bool of_donor;		 /* the source is a mount of the container that is joined */
	uint64_t attributes_set; /* MOUNT_ATTR_… of the mount itself */
	uint64_t attributes_clear;
	uint64_t recursive_set; /* MOUNT_ATTR_… of everything below too */
	uint64_t recursive_clear;
	const char *subpath;	   /* below the source, links resolved within it; the spec's text */
	unsigned long propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE or MS_UNBINDABLE; 0 = leave */
	bool propagation_recursive;
	struct string_list parameters; /* of the file system: "sync", "size=64m", …, one each */
};

/* Parses the options of a mount. What is known and not supported is refused by name. */
int mount_options_parse(
	const struct spec_mount *mount, struct mount_options *ret, struct failure *out);
void mount_options_clear(struct mount_options *options);

/* A detached copy of the source of a bind mount (all mounts below it with rbind), without any
 * option applied yet. bundle is the directory relative sources start from. */
int mount_open_source(int bundle, const struct spec_mount *mount, struct failure *out);

/* A detached copy of the mount that fd is on, from fd down. Returns the descriptor or -1 with
 * errno. */
int mount_clone(int fd, bool recursive);

/* A detached new file system with the parameters and attributes of options. attributes are
 * MOUNT_ATTR_… in place of those of options. Returns the descriptor or -1; *out names what the
 * kernel said. */
int mount_create(const char *type, const char *source, const struct mount_options *options,
	uint64_t attributes, struct failure *out);

/* Changes attributes of a mount by descriptor. Returns 0 or -1 with errno. */
int mount_change(int fd, bool recursive, uint64_t set, uint64_t clear);

/* Changes the propagation of a mount by descriptor. Returns 0 or -1 with errno. */
int mount_propagate(int fd, unsigned long propagation, bool recursive);

/* Attaches a detached mount on target. Returns 0 or -1 with errno. */
int mount_attach(int mount, int target);

#endif
