/* SPDX-License-Identifier: Apache-2.0 */
#include "spec.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

#include <jansson.h>

#include "scope.h"
#include "spec_json.h"
#include "spec_parts.h"

enum { MAXIMUM_BYTES = 8 << 20, MAXIMUM_MOUNTS = 16384 };

static int read_document(int bundle_fd, char **ret, size_t *ret_length, struct failure *out)
{
	auto_close int fd =
		openat(bundle_fd, "config.json", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	auto_free char *text = NULL;
	size_t have = 0;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return fail_kind(
			out, FAILURE_BAD_INPUT, errno, "config", "cannot open config.json");
	if (!S_ISREG(status.st_mode))
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "config", "config.json is not a regular file");
	if (status.st_size > MAXIMUM_BYTES)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "config", "config.json is larger than 8 MiB");
	text = malloc(MAXIMUM_BYTES + 1);
	if (!text)
		return fail(out, ENOMEM, "config", "cannot read config.json");
	while (have <= MAXIMUM_BYTES) {
		ssize_t got = retry_eintr(read(fd, text + have, MAXIMUM_BYTES + 1 - have));

		if (got < 0)
			return fail(out, errno, "config", "cannot read config.json");
		if (got == 0)
			break;
		have += (size_t)got;
	}
	if (have > MAXIMUM_BYTES)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "config", "config.json is larger than 8 MiB");
	*ret = take(text);
	*ret_length = have;
	return 0;
}

/* Any 1.x.y; what newer minor versions add is refused by the member's name, not by the number. */
static int check_version(const char *version, struct failure *out)
{
	unsigned major, minor, patch;
	int end = 0;

	if (sscanf(version, "%3u.%3u.%3u%n", &major, &minor, &patch, &end) != 3 ||
		(version[end] != '\0' && version[end] != '-' && version[end] != '+'))
		return spec_wrong(out, "", "ociVersion", "is not a version: \"%.40s\"", version);
	if (major != 1)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "config",
			"config.json: ociVersion %.40s is not supported (1.x is)", version);
	return 0;
}

static int parse_root(const json_t *document, struct spec *spec, struct failure *out)
{
	json_t *root = NULL;

	if (spec_object(document, "", "root", &root, out) < 0)
		return -1;
	if (!root)
		return spec_wrong(out, "", "root", "is missing");
	if (spec_string(root, "root", "path", SPEC_REQUIRED, &spec->root_path, out) < 0)
		return -1;
	return spec_bool(root, "root", "readonly", &spec->root_readonly, out);
}

static int parse_mounts(const json_t *document, struct spec *spec, struct failure *out)
{
	static const char *const refused[] = {"uidMappings", "gidMappings", NULL};
	json_t *array = NULL;

	if (spec_array(document, "", "mounts", MAXIMUM_MOUNTS, &array, out) < 0 ||
		spec_allocate(&spec->mounts, json_array_size(array), sizeof(*spec->mounts), out) <
			0)
		return -1;
	spec->mount_count = json_array_size(array);
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct spec_mount *mount = &spec->mounts[i];
		char where[SPEC_WHERE];
		json_t *item;

		if (spec_element(array, i, "", "mounts", where, &item, out) < 0 ||
			spec_refuse(item, where, refused, out) < 0 ||
			spec_string(item, where, "destination", SPEC_REQUIRED, &mount->destination,
				out) < 0 ||
			spec_string(item, where, "type", SPEC_OPTIONAL, &mount->type, out) < 0 ||
			spec_string(item, where, "source", SPEC_OPTIONAL, &mount->source, out) <
				0 ||
			spec_strings(item, where, "options", &mount->options, out) < 0)
			return -1;
	}
	return 0;
}

static int parse_annotations(const json_t *document, struct spec *spec, struct failure *out)
{
	json_t *object = NULL, *value;
	const char *key;

	if (spec_object(document, "", "annotations", &object, out) < 0)
		return -1;
	if (spec_list_reserve(&spec->annotations, json_object_size(object)) < 0)
		return fail(out, ENOMEM, "config", "cannot read config.json");
	json_object_foreach(object, key, value)
	{
		char **slot = &spec->annotations.items[spec->annotations.count];

		/* Kept as "key=value": a key with '=' could not be told apart. */
		if (*key == '\0' || strchr(key, '='))
			return spec_wrong(out, "", "annotations",
				"has a key that is empty or contains '=': \"%.60s\"", key);
		if (!json_is_string(value))
			return spec_wrong(out, "annotations", key, "must be a string");
		if (asprintf(slot, "%s=%s", key, json_string_value(value)) < 0) {
			*slot = NULL;
			return fail(out, ENOMEM, "config", "cannot read config.json");
		}
		spec->annotations.count++;
	}
	return 0;
}

static int parse_names(const json_t *document, struct spec *spec, struct failure *out)
{
	if (spec_string(document, "", "hostname", SPEC_OPTIONAL, &spec->hostname, out) < 0 ||
		spec_string(document, "", "domainname", SPEC_OPTIONAL, &spec->domainname, out) < 0)
		return -1;
	if (spec->hostname && strlen(spec->hostname) > 64)
		return spec_wrong(out, "", "hostname", "is longer than 64 bytes");
	if (spec->domainname && strlen(spec->domainname) > 64)
		return spec_wrong(out, "", "domainname", "is longer than 64 bytes");
	if (spec->hostname && *spec->hostname && !spec_namespace_find(spec, CLONE_NEWUTS, NULL))
		return spec_wrong(out, "", "hostname", "needs a uts namespace");
	if (spec->domainname && *spec->domainname && !spec_namespace_find(spec, CLONE_NEWUTS, NULL))
		return spec_wrong(out, "", "domainname", "needs a uts namespace");
	return 0;
}

static int parse_document(const json_t *document, struct spec *spec, struct failure *out)
{
	static const char *const refused[] = {"vm", "windows", "solaris", "zos", "freebsd", NULL};
	json_t *process = NULL, *hooks = NULL, *section = NULL;

	if (!json_is_object(document))
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "config", "config.json must hold an object");
	if (spec_string(document, "", "ociVersion", SPEC_REQUIRED, &spec->oci_version, out) < 0 ||
		check_version(spec->oci_version, out) < 0 ||
		spec_refuse(document, "", refused, out) < 0 ||
		spec_object(document, "", "process", &process, out) < 0 ||
		spec_object(document, "", "hooks", &hooks, out) < 0 ||
		spec_object(document, "", "linux", &section, out) < 0)
		return -1;
	if (process && spec_process_parse(process, &spec->process, out) < 0)
		return -1;
	if (parse_root(document, spec, out) < 0 || parse_mounts(document, spec, out) < 0 ||
		parse_annotations(document, spec, out) < 0)
		return -1;
	if (hooks && spec_parse_hooks(hooks, spec, out) < 0)
		return -1;
	if (spec_parse_linux(section, spec, out) < 0)
		return -1;
	return parse_names(document, spec, out);
}

int spec_parse(const char *text, size_t length, struct spec **ret, struct failure *out)
{
	struct spec *spec = calloc(1, sizeof(*spec));

	if (!spec)
		return fail(out, ENOMEM, "config", "cannot read config.json");
	spec->document = spec_json_parse(text, length, "config.json", out);
	if (!spec->document || parse_document(spec->document, spec, out) < 0) {
		spec_free(spec);
		return -1;
	}
	*ret = spec;
	return 0;
}

int spec_load(int bundle_fd, struct spec **ret, struct failure *out)
{
	auto_free char *text = NULL;
	size_t length = 0;

	if (read_document(bundle_fd, &text, &length, out) < 0)
		return -1;
	return spec_parse(text, length, ret, out);
}

bool spec_namespace_find(const struct spec *spec, int flag, const char **ret_path)
{
	for (size_t i = 0; i < spec->namespace_count; i++)
		if (spec->namespaces[i].flag == flag) {
			if (ret_path)
				*ret_path = spec->namespaces[i].path;
			return true;
		}
	return false;
}

void spec_free(struct spec *spec)
{
	if (!spec)
		return;
	spec_process_clear(&spec->process);
	for (size_t i = 0; i < spec->mount_count; i++) {
		free(spec->mounts[i].destination);
		free(spec->mounts[i].type);
		free(spec->mounts[i].source);
		spec_list_clear(&spec->mounts[i].options);
	}
	free(spec->mounts);
	spec_list_clear(&spec->annotations);
	spec_free_hooks(spec);
	spec_free_linux(spec);
	free(spec->oci_version);
	free(spec->root_path);
	free(spec->hostname);
	free(spec->domainname);
	json_decref(spec->document);
	free(spec);
}
