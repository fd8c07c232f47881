/* SPDX-License-Identifier: Apache-2.0 */
/* config.json: what is read, what is refused by name, and that no mutation of a document does harm.
 */
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "scope.h"
#include "spec.h"

#define HEAD "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"rootfs\"}"
#define PROCESS ",\"process\":{\"args\":[\"sh\"],\"cwd\":\"/\""

static const char whole[] = HEAD PROCESS
	",\"terminal\":true,\"consoleSize\":{\"height\":24,\"width\":80},\"env\":[\"A=b\"],"
	"\"user\":{\"uid\":1,\"gid\":2,\"umask\":18,\"additionalGids\":[3,4]},"
	"\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_BPF\"],\"permitted\":[\"CAP_KILL\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":18446744073709551615}],"
	"\"noNewPrivileges\":true,\"oomScoreAdj\":-5},\"hostname\":\"h\","
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"source\":\"proc\",\"options\":[\"ro\"]}],"
	"\"hooks\":{\"poststop\":[{\"path\":\"/bin/x\",\"args\":[\"x\"],\"env\":[\"A=b\"],\"timeout\":3}]},"
	"\"annotations\":{\"a\":\"b\"},\"x-extension\":{\"any\":[1,2.5]},"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"uts\"},{\"type\":\"user\"},"
	"{\"type\":\"network\",\"path\":\"/proc/1/ns/net\"}],"
	"\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":1}],"
	"\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":3,\"fileMode\":438}],"
	"\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},\"rootfsPropagation\":\"rslave\","
	"\"maskedPaths\":[\"/proc/kcore\"],\"readonlyPaths\":[\"/proc/sys\"],\"cgroupsPath\":\"/x\","
	"\"resources\":{\"memory\":{\"limit\":1048576,\"swap\":2097152,\"reservation\":4096},"
	"\"cpu\":{\"shares\":1024,\"quota\":50000,\"cpus\":\"0-1\"},\"pids\":{\"limit\":64},"
	"\"blockIO\":{\"weight\":10,\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":5}]},"
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":7}],"
	"\"rdma\":{\"mlx5\":{\"hcaHandles\":3}},\"unified\":{\"memory.high\":\"9\"},"
	"\"devices\":[{\"allow\":false,\"access\":\"rwm\"}]},"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"syscalls\":[{\"names\":[\"mkdir\"],"
	"\"action\":\"SCMP_ACT_ERRNO\",\"args\":[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}}}";

static const char *setting(const struct spec *spec, const char *file)
{
	for (size_t i = 0; i < spec->cgroup_setting_count; i++)
		if (strcmp(spec->cgroup_settings[i].file, file) == 0)
			return spec->cgroup_settings[i].value;
	return "";
}

static void test_whole(void)
{
	struct failure failure;
	struct spec *spec = NULL;
	const char *path = NULL;

	if (spec_parse(whole, strlen(whole), &spec, &failure) < 0) {
		check(false, failure.message);
		return;
	}
	check(spec->process.rlimits[0].limit.rlim_max == RLIM64_INFINITY, "largest rlimit");
	check(spec->process.capabilities.bounding == (UINT64_C(1) | UINT64_C(1) << 39), "bounding");
	check(spec->process.user.umask == 022 && spec->process.user.additional_gid_count == 2,
		"user");
	check(spec->process.console_columns == 80, "console size");
	check(spec_namespace_find(spec, CLONE_NEWNET, &path) && path, "namespace by path");
	check(!spec_namespace_find(spec, CLONE_NEWNS, NULL), "namespace not asked for");
	check(spec->devices[0].mode == 0666 && spec->devices[0].minor == 3, "device");
	check(spec->hooks[HOOK_POSTSTOP].items[0].timeout == 3, "hook");
	check(strcmp(spec->annotations.items[0], "a=b") == 0, "annotation");
	check(strcmp(setting(spec, "memory.max"), "1048576") == 0, "memory.max");
	check(strcmp(setting(spec, "memory.swap.max"), "1048576") == 0, "swap alone, not the sum");
	check(strcmp(setting(spec, "cpu.weight"), "39") == 0, "shares to weight");
	check(strcmp(setting(spec, "cpu.max"), "50000 100000") == 0, "cpu.max");
	check(strcmp(setting(spec, "pids.max"), "64") == 0, "pids.max");
	check(strcmp(setting(spec, "io.weight"), "default 1") == 0, "io.weight");
	check(strcmp(setting(spec, "io.max"), "8:0 rbps=5") == 0, "io.max");
	check(strcmp(setting(spec, "hugetlb.2MB.max"), "7") == 0, "hugetlb");
	check(strcmp(setting(spec, "rdma.max"), "mlx5 hca_handle=3") == 0, "rdma.max");
	check(strcmp(setting(spec, "memory.high"), "9") == 0, "unified");
	check(spec->device_rules[0].major == -1 && spec->device_rules[0].type == 'a',
		"device rule");
	spec_free(spec);
}

static void test_refusals(void)
{
	static const struct {
		const char *text, *message;
	} cases[] = {
		{"{\n  \"a\": }", "config.json: line 2, column 8: "},
		{"[]", "config.json must hold an object"},
		{"{\"ociVersion\":\"1.0.0\"}", "config.json: root is missing"},
		{"{\"ociVersion\":\"2.0.0\"}",
			"config.json: ociVersion 2.0.0 is not supported (1.x is)"},
		{"{\"ociVersion\":1}", "config.json: ociVersion must be a string"},
		{HEAD ",\"vm\":{\"kernel\":{}}}", "config.json: vm is not supported"},
		{HEAD ",\"linux\":{\"intelRdt\":{\"closID\":\"x\"}}}",
			"config.json: linux.intelRdt is not supported"},
		{HEAD PROCESS ",\"apparmorProfile\":\"x\"}}",
			"config.json: process.apparmorProfile is not supported"},
		{HEAD ",\"linux\":{\"resources\":{\"memory\":{\"swappiness\":60}}}}",
			"config.json: linux.resources.memory.swappiness is not supported"},
		{HEAD ",\"linux\":{\"seccomp\":{\"defaultAction\":\"x\",\"listenerPath\":\"/x\"}}}",
			"config.json: linux.seccomp.listenerPath is not supported"},
		{HEAD ",\"mounts\":[{\"destination\":\"/a\"},{\"destination\":7}]}",
			"config.json: mounts[1].destination must be a string"},
		{HEAD ",\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"pid\"}]}}",
			"config.json: linux.namespaces[1].type names the pid namespace twice"},
		{HEAD ",\"linux\":{\"resources\":{\"unified\":{\"../x.y\":\"1\"}}}}",
			"config.json: linux.resources.unified.../x.y is not a file of a controller"},
		{HEAD ",\"process\":{\"args\":[],\"cwd\":\"/\"}}",
			"config.json: process.args must hold at least the command"},
		{HEAD PROCESS ",\"user\":{\"uid\":-1}}}",
			"config.json: process.user.uid must be an integer from 0 to 4294967294"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		struct failure failure = {0};
		struct spec *spec = NULL;
		int result = spec_parse(cases[i].text, strlen(cases[i].text), &spec, &failure);

		check(result < 0, cases[i].message);
		if (result == 0)
			spec_free(spec);
		else if (strncmp(failure.message, cases[i].message, strlen(cases[i].message)) != 0)
			check(false, failure.message);
	}
}

/* xorshift: the same mutations in every run. */
static uint32_t next_random(void)
{
	static uint32_t state = 2463534242;

	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state;
}

static void mutate(char *text, size_t *length)
{
	static const char *const pieces[] = {"null", "-1", "18446744073709551615", "[]", "{}",
		"\"\"", "1e999", "99999999999999999999", "\"\\u0000\"", "true", ",", "}", "\x80",
		"\"\\"};
	unsigned count = 1 + next_random() % 3;

	while (count-- > 0 && *length > 1) {
		size_t at = next_random() % *length;
		size_t gone = next_random() % 12;
		const char *piece = pieces[next_random() % array_size(pieces)];
		size_t added = next_random() % 2 ? strlen(piece) : 0;

		gone = gone > *length - at ? *length - at : gone;
		memmove(text + at + added, text + at + gone, *length - at - gone);
		memcpy(text + at, piece, added);
		*length += added - gone;
	}
}

static void test_mutations(void)
{
	/* Exactly as large as the text, so that a read beyond its end is noticed. */
	for (int round = 0; round < 20000; round++) {
		char buffer[sizeof(whole) + 128];
		size_t length = sizeof(whole) - 1;
		struct failure failure = {0};
		struct spec *spec = NULL;

		memcpy(buffer, whole, length);
		mutate(buffer, &length);
		auto_free char *exact = malloc(length ? length : 1);

		memcpy(exact, buffer, length);
		if (spec_parse(exact, length, &spec, &failure) == 0)
			spec_free(spec);
		else
			check(failure.message[0] && !strchr(failure.message, '\n'), "no sentence");
	}
	for (size_t length = 0; length < sizeof(whole) - 1; length++) {
		struct failure failure;
		struct spec *spec = NULL;

		check(spec_parse(whole, length, &spec, &failure) < 0,
			"a cut document was accepted");
	}
}

int main(void)
{
	test_whole();
	test_refusals();
	test_mutations();
	return failures > 0;
}
