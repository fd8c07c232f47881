/* SPDX-License-Identifier: Apache-2.0 */
#include "ports_filter.h"

#include <errno.h>

#include <seccomp.h>

#include "scope.h"

#define STEP "seccomp"

static const int allowed[] = {
	/* connections */
	SCMP_SYS(accept4),
	SCMP_SYS(bind),
	SCMP_SYS(connect),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockname),
	SCMP_SYS(getsockopt),
	SCMP_SYS(listen),
	SCMP_SYS(setsockopt),
	SCMP_SYS(shutdown),
	SCMP_SYS(socket),
	/* data */
	SCMP_SYS(pipe2),
	SCMP_SYS(read),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendmmsg),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(splice),
	SCMP_SYS(write),
	/* descriptors */
	SCMP_SYS(close),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(fcntl),
	SCMP_SYS(fstat),
	SCMP_SYS(ioctl),
	SCMP_SYS(newfstatat),
	/* memory, time, the end */
	SCMP_SYS(brk),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(futex),
	SCMP_SYS(geteuid),
	SCMP_SYS(getpid),
	SCMP_SYS(madvise),
	SCMP_SYS(mmap),
	SCMP_SYS(mprotect),
	SCMP_SYS(mremap),
	SCMP_SYS(munmap),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigreturn),
};

int ports_filter_install(struct failure *out)
{
#ifdef __SANITIZE_ADDRESS__
	/* The sanitizers need more at the end than the forwarder ever does. */
	(void)out;
	(void)allowed;
	return 0;
#else
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int result = filter ? 0 : -ENOMEM;

	for (size_t i = 0; result == 0 && i < array_size(allowed); i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result < 0 && result != -EINVAL && result != -ENOSYS)
		return fail(out, -result, STEP, "cannot install the filter of the forwarder");
	return 0;
#endif
}
