/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of `probe` that have a file of their own. Each is 0 when the host can do it; it runs in a
 * process that ends with it, and may change its namespaces. */
#ifndef LIGHTER_PROBE_H
#define LIGHTER_PROBE_H

#include "fail.h"
#include "id_map.h"

#define STEP "probe"

struct probe {
	struct id_map map;
	const char *directory;
	const char *fuse_overlayfs;
};

/* Layers below a root filesystem, with the kernel's overlay or the program's. */
int probe_overlay(const struct probe *probe, struct failure *out);
int probe_fuse_overlayfs(const struct probe *probe, struct failure *out);

/* Whether files can be given to other ids, and else whether fuse-overlayfs keeps their owners. */
int probe_owners(const struct probe *probe, struct failure *out);
int probe_kept_owners(const struct probe *probe, struct failure *out);

/* A network namespace of a user, a bridge in it, and nftables. */
int probe_netns(const struct probe *probe, struct failure *out);
int probe_bridge(const struct probe *probe, struct failure *out);
int probe_nftables(const struct probe *probe, struct failure *out);

#endif
