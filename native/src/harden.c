/* SPDX-License-Identifier: Apache-2.0 */
#include "harden.h"

#include <errno.h>
#include <malloc.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <seccomp.h>

#include "caps.h"
#include "scope.h"

#define STEP "sandbox"

#ifndef __SANITIZE_ADDRESS__
static const int common[] = {SCMP_SYS(accept4), SCMP_SYS(brk), SCMP_SYS(clock_gettime),
	SCMP_SYS(close), SCMP_SYS(dup), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_wait), SCMP_SYS(exit_group), SCMP_SYS(fcntl),
	SCMP_SYS(geteuid), SCMP_SYS(getpid), SCMP_SYS(getrandom), SCMP_SYS(getsockopt),
	SCMP_SYS(gettid), SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(munmap),
	SCMP_SYS(prlimit64), SCMP_SYS(read), SCMP_SYS(recvfrom), SCMP_SYS(recvmsg),
	SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(sendmsg), SCMP_SYS(sendto), SCMP_SYS(tgkill), SCMP_SYS(write), SCMP_SYS(writev)};

/* Calls whose arguments matter wherever they are allowed. Returns 1 when it is one of them. */
static int allow_some(scmp_filter_ctx context, int call)
{
	if (call == SCMP_SYS(socket)) {
		int result = seccomp_rule_add(
			context, SCMP_ACT_ALLOW, call, 1, SCMP_A0(SCMP_CMP_EQ, AF_INET));

		return result < 0 ? result
				  : seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 1,
					    SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	}
	if (call == SCMP_SYS(ioctl))
		return seccomp_rule_add(context, SCMP_ACT_ALLOW, call, 1,
			SCMP_A1(SCMP_CMP_MASKED_EQ, 0xffffffff, SIOCGIFINDEX));
	return 1;
}

static int allow(scmp_filter_ctx context, const int *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = allow_some(context, calls[i]);

		if (result > 0)
			result = seccomp_rule_add(context, SCMP_ACT_ALLOW, calls[i], 0);
		/* Newer architectures lack some of the old calls. */
		if (result < 0 && result != -EDOM)
			return result;
	}
	return 0;
}

static int allow_memory(scmp_filter_ctx context)
{
	const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect)};

	for (size_t i = 0; i < array_size(calls); i++) {
		int result = seccomp_rule_add(context, SCMP_ACT_ALLOW, calls[i], 1,
			SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));

		if (result < 0)
			return result;
	}
	return 0;
}

/* Refused, not killed: a call that another C library makes must not take the service from all
 * containers. */
static int filter_calls(const int *calls, size_t count, struct failure *out)
{
	scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = context ? allow(context, common, array_size(common)) : -ENOMEM;

	if (result == 0)
		result = allow(context, calls, count);
	if (result == 0)
		result = allow_memory(context);
	if (result == 0)
		result = seccomp_load(context);
	if (context)
		seccomp_release(context);
	/* The filter's draft was the largest thing in memory. */
	malloc_trim(0);
	return result < 0 ? fail(out, -result, STEP, "cannot filter system calls") : 0;
}
#else
static int filter_calls(const int *calls, size_t count, struct failure *out)
{
	(void)calls;
	(void)count;
	(void)out;
	return 0;
}
#endif

int harden(uint64_t capabilities, const int *calls, size_t count, struct failure *out)
{
	const struct spec_capabilities kept = {
		.present = true, .permitted = capabilities, .effective = capabilities};
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return fail(out, errno, STEP, "cannot give up privileges");
	if (caps_apply(&kept, out) < 0)
		return -1;
	return filter_calls(calls, count, out);
}
