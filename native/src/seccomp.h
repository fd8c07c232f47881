/* SPDX-License-Identifier: Apache-2.0 */
/* The OCI seccomp section, compiled once with libseccomp and kept as a BPF program in a cache, so
 * that starting a process costs one small file read and one system call. */
#ifndef LIGHTER_SECCOMP_H
#define LIGHTER_SECCOMP_H

#include <linux/filter.h>

#include "fail.h"
#include "spec.h"

struct seccomp_filter {
	unsigned flags; /* SECCOMP_FILTER_FLAG_… */
	unsigned short count;
	struct sock_filter *instructions;
};

/* Compiles the "linux.seccomp" object, or takes it from cache_dir (NULL = no cache). A cache that
 * cannot be used is no failure. */
int seccomp_compile(const struct json_t *section, const char *cache_dir,
	const struct seccomp_filter **ret, struct failure *out);

/* Puts the calling thread under the filter. Needs no_new_privs or CAP_SYS_ADMIN in its user
 * namespace. */
int seccomp_install(const struct seccomp_filter *filter, struct failure *out);

void seccomp_free(const struct seccomp_filter *filter);

#endif
