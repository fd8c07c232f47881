/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rootfs_parts.h"
#include "scope.h"

void rootfs_layers_close(struct layer_fds *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		scope_close(&layers->lower[i]);
	free(layers->lower);
	scope_close(&layers->upper);
	scope_close(&layers->work);
}

int rootfs_open_directory(const char *path, struct failure *out)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail(out, errno, ROOTFS_STEP, "cannot open %s", path);
	return fd;
}

int rootfs_layers_open(const struct plan_rootfs *rootfs, struct layer_fds *ret, struct failure *out)
{
	ret->lower = calloc(rootfs->lower.count + 1, sizeof(*ret->lower));
	if (!ret->lower)
		return fail(out, ENOMEM, ROOTFS_STEP, "cannot keep the layers");
	for (size_t i = 0; i < rootfs->lower.count; i++) {
		ret->lower[i] = rootfs_open_directory(rootfs->lower.items[i], out);
		if (ret->lower[i] < 0)
			return -1;
		ret->count++;
	}
	ret->upper = rootfs_open_directory(rootfs->upper, out);
	if (ret->upper < 0)
		return -1;
	ret->work = rootfs_open_directory(rootfs->work, out);
	return ret->work < 0 ? -1 : 0;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

int rootfs_layers_format(const struct plan_rootfs *rootfs, const struct layer_fds *layers,
	const char *prefix, const char *place, char **ret)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return -1;
	fputs("lowerdir=", stream);
	if (rootfs->read_only)
		fprintf(stream, "%s%d:", prefix, layers->upper);
	for (size_t i = 0; i < layers->count; i++)
		fprintf(stream, "%s%s%d", i ? ":" : "", prefix, layers->lower[i]);
	if (!rootfs->read_only && place)
		fprintf(stream, ",upperdir=%s/%s,workdir=%s/%s", place, last_name(rootfs->upper),
			place, last_name(rootfs->work));
	else if (!rootfs->read_only)
		fprintf(stream, ",upperdir=%s%d,workdir=%s%d", prefix, layers->upper, prefix,
			layers->work);
	if (rootfs->uid_mapping)
		fprintf(stream, ",uidmapping=%s", rootfs->uid_mapping);
	if (rootfs->gid_mapping)
		fprintf(stream, ",gidmapping=%s", rootfs->gid_mapping);
	if (fclose(stream) != 0)
		return -1;
	*ret = take(text);
	return 0;
}
