/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI runtime-spec document (config.json) as typed data. Parsing is strict: a wrong type, a
 * missing required member, or a member this program does not support is an error that names it. */
#ifndef LIGHTER_SPEC_H
#define LIGHTER_SPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "fail.h"

/* A NULL-terminated vector of strings; count leaves the NULL out. */
struct string_list {
	char **items;
	size_t count;
};

struct spec_user {
	uid_t uid;
	gid_t gid;
	bool has_umask;
	mode_t umask;
	gid_t *additional_gids;
	size_t additional_gid_count;
};

struct spec_rlimit {
	int resource; /* RLIMIT_… */
	struct rlimit64 limit;
};

/* Capability sets as bit masks, bit n = capability number n. */
struct spec_capabilities {
	bool present;
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct spec_process {
	bool present;
	bool terminal;
	unsigned short console_rows, console_columns; /* 0 when not given */
	struct spec_user user;
	struct string_list args;
	struct string_list env;
	char *cwd;
	struct spec_capabilities capabilities;
	struct spec_rlimit *rlimits;
	size_t rlimit_count;
	bool no_new_privileges;
	bool has_oom_score_adj;
	int oom_score_adj;
};

struct spec_mount {
	char *destination;
	char *type;   /* NULL when not given */
	char *source; /* NULL when not given */
	struct string_list options;
};

struct spec_hook {
	char *path;
	struct string_list args; /* empty: args = { path } */
	struct string_list env;
	int timeout; /* seconds, 0 = none */
};

enum spec_hook_stage {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_STAGE_COUNT,
};

struct spec_hooks {
	struct spec_hook *items;
	size_t count;
};

struct spec_namespace {
	int flag;   /* CLONE_NEW… */
	char *path; /* NULL: a new one */
};

struct spec_id_mapping {
	uint32_t container_id, host_id, size;
};

struct spec_device {
	char *path;
	char type; /* 'c', 'b', 'u' or 'p' */
	uint32_t major, minor;
	bool has_mode;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

struct spec_sysctl {
	char *name, *value;
};

/* Cgroup v2 resources: file name in the cgroup and the text to write, in the order of writing. */
struct spec_cgroup_setting {
	char *file;
	char *value;
};

struct spec_device_rule {
	bool allow;
	char type;	      /* 'a', 'b' or 'c' */
	int64_t major, minor; /* -1 = any */
	char access[4];
};

/* The seccomp section stays JSON (owned by the spec's document): seccomp.c compiles it. */
struct json_t;

struct spec {
	char *oci_version;
	struct spec_process process;
	char *root_path; /* as written: absolute or relative to the bundle */
	bool root_readonly;
	char *hostname;
	char *domainname;
	struct spec_mount *mounts;
	size_t mount_count;
	struct spec_hooks hooks[HOOK_STAGE_COUNT];
	struct string_list annotations; /* "key=value" */

	/* linux */
	struct spec_namespace *namespaces;
	size_t namespace_count;
	struct spec_id_mapping *uid_mappings, *gid_mappings;
	size_t uid_mapping_count, gid_mapping_count;
	struct spec_device *devices;
	size_t device_count;
	char *cgroups_path;
	struct spec_cgroup_setting *cgroup_settings;
	size_t cgroup_setting_count;
	struct spec_device_rule *device_rules;
	size_t device_rule_count;
	unsigned long rootfs_propagation; /* MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE (|
					     MS_REC), 0 = not given */
	struct json_t *seccomp;		  /* NULL when not given */
	struct spec_sysctl *sysctls;
	size_t sysctl_count;
	struct string_list masked_paths;
	struct string_list readonly_paths;

	struct json_t *document; /* keeps seccomp alive; freed with the spec */
};

/* Reads and checks BUNDLE/config.json. bundle_fd is the bundle directory. Returns 0 or -1. */
int spec_load(int bundle_fd, struct spec **ret, struct failure *out);

/* The same from memory. */
int spec_parse(const char *text, size_t length, struct spec **ret, struct failure *out);

/* Parses a process object (the OCI "process" member), as exec needs it. */
int spec_process_parse(struct json_t *object, struct spec_process *ret, struct failure *out);
void spec_process_clear(struct spec_process *process);

/* Whether the spec asks for a namespace; *ret_path (may be NULL) is its path or NULL for a new one.
 */
bool spec_namespace_find(const struct spec *spec, int flag, const char **ret_path);

void spec_free(struct spec *spec);

#endif
