/* SPDX-License-Identifier: Apache-2.0 */
#include "caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "scope.h"

/* The index is the kernel's number. */
static const char *const names[] = {"CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID",
	"KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE",
	"NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO",
	"SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
	"SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE",
	"AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM",
	"BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF", "CHECKPOINT_RESTORE"};

int caps_parse(const char *name, int *ret_number)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < array_size(names); i++)
		if (strcasecmp(name, names[i]) == 0) {
			*ret_number = (int)i;
			return 0;
		}
	return -1;
}

static bool holds(uint64_t set, int number)
{
	return set >> number & 1;
}

int caps_drop_bounding(const struct spec_capabilities *capabilities, struct failure *out)
{
	if (!capabilities->present)
		return 0;
	/* Up to the last capability that this kernel has: it may know more than the table above. */
	for (int number = 0; number < 64; number++) {
		int held = prctl(PR_CAPBSET_READ, (unsigned long)number, 0, 0, 0);

		if (held < 0)
			break;
		if (held == 0 || holds(capabilities->bounding, number))
			continue;
		if (prctl(PR_CAPBSET_DROP, (unsigned long)number, 0, 0, 0) < 0)
			return fail(out, errno, "capabilities",
				"cannot drop capability %d from the bounding set", number);
	}
	return 0;
}

static uint64_t join_words(uint32_t low, uint32_t high)
{
	return (uint64_t)high << 32 | low;
}

static int raise_ambient(uint64_t set, struct failure *out)
{
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return errno == EINVAL && set == 0
			       ? 0
			       : fail(out, errno, "capabilities", "cannot clear the ambient set");
	for (int number = 0; number < 64; number++)
		if (holds(set, number) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE,
						  (unsigned long)number, 0, 0) < 0)
			return fail(out, errno, "capabilities",
				"cannot raise ambient capability %d", number);
	return 0;
}

int caps_raise(struct failure *out)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};

	if (syscall(SYS_capget, &header, data) < 0)
		return fail(out, errno, "capabilities", "cannot read the capabilities");
	for (int i = 0; i < 2; i++)
		data[i].effective = data[i].permitted;
	if (syscall(SYS_capset, &header, data) < 0)
		return fail(out, errno, "capabilities", "cannot raise the capabilities");
	return 0;
}

int caps_apply(const struct spec_capabilities *capabilities, struct failure *out)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	uint64_t held, permitted, effective, inheritable;

	if (!capabilities->present)
		return 0;
	if (syscall(SYS_capget, &header, data) < 0)
		return fail(out, errno, "capabilities", "cannot read the capabilities");
	held = join_words(data[0].permitted, data[1].permitted);
	permitted = capabilities->permitted & held;
	effective = capabilities->effective & permitted;
	inheritable = capabilities->inheritable & held;
	for (int i = 0; i < 2; i++)
		data[i] = (struct __user_cap_data_struct){
			.permitted = (uint32_t)(permitted >> 32 * i),
			.effective = (uint32_t)(effective >> 32 * i),
			.inheritable = (uint32_t)(inheritable >> 32 * i)};
	if (syscall(SYS_capset, &header, data) < 0)
		return fail(out, errno, "capabilities", "cannot set the capabilities");
	/* The kernel keeps ambient within permitted and inheritable. */
	return raise_ambient(capabilities->ambient & permitted & inheritable, out);
}
