/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroup_devices.h"

#include <errno.h>
#include <linux/bpf.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>

#include "scope.h"

enum { ANY = -1, INSTRUCTIONS_PER_RULE = 10, FIXED_INSTRUCTIONS = 10 };

/* BPF_MAXINSNS for those without CAP_BPF. */
enum { MAXIMUM_INSTRUCTIONS = 4096 };

struct program {
	struct bpf_insn *instructions;
	size_t count;
	bool closed; /* a rule that fits everything: nothing after it can be reached */
};

/* What runc and crun allow behind the spec's back: making any node, and the standard devices. */
static const struct spec_device_rule standard[] = {
	{true, 'c', ANY, ANY, "m"}, {true, 'b', ANY, ANY, "m"}, {true, 'c', 1, 3, "rwm"}, /* null */
	{true, 'c', 1, 5, "rwm"},							  /* zero */
	{true, 'c', 1, 7, "rwm"},							  /* full */
	{true, 'c', 1, 8, "rwm"},     /* random */
	{true, 'c', 1, 9, "rwm"},     /* urandom */
	{true, 'c', 5, 0, "rwm"},     /* tty */
	{true, 'c', 5, 1, "rwm"},     /* console */
	{true, 'c', 5, 2, "rwm"},     /* ptmx */
	{true, 'c', 136, ANY, "rwm"}, /* pts */
};

static void emit(struct program *program, uint8_t code, uint8_t to, uint8_t from, int16_t offset,
	int32_t value)
{
	program->instructions[program->count++] = (struct bpf_insn){.code = code,
		.dst_reg = to & 0xf,
		.src_reg = from & 0xf,
		.off = offset,
		.imm = value};
}

static unsigned access_bits(const char *access)
{
	unsigned bits = 0;

	bits |= strchr(access, 'm') ? BPF_DEVCG_ACC_MKNOD : 0;
	bits |= strchr(access, 'r') ? BPF_DEVCG_ACC_READ : 0;
	bits |= strchr(access, 'w') ? BPF_DEVCG_ACC_WRITE : 0;
	return bits;
}

/* Registers: 2 = type, 3 = access asked for, 4 = major, 5 = minor. */
static void emit_rule(struct program *program, const struct spec_device_rule *rule)
{
	const unsigned every = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE;
	unsigned access = access_bits(rule->access);
	size_t jumps[4], jump_count = 0;

	if (program->closed)
		return;
	if (rule->type != 'a') {
		jumps[jump_count++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, 2, 0, 0,
			rule->type == 'c' ? BPF_DEVCG_DEV_CHAR : BPF_DEVCG_DEV_BLOCK);
	}
	if (access != every) {
		/* Allowing needs every kind of access to be listed; denying needs one. */
		emit(program, BPF_ALU | BPF_MOV | BPF_X, 1, 3, 0, 0);
		emit(program, BPF_ALU | BPF_AND | BPF_K, 1, 0, 0,
			(int32_t)(rule->allow ? every & ~access : access));
		jumps[jump_count++] = program->count;
		emit(program, BPF_JMP32 | (rule->allow ? BPF_JNE : BPF_JEQ) | BPF_K, 1, 0, 0, 0);
	}
	if (rule->major != ANY) {
		jumps[jump_count++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, 4, 0, 0, (int32_t)rule->major);
	}
	if (rule->minor != ANY) {
		jumps[jump_count++] = program->count;
		emit(program, BPF_JMP32 | BPF_JNE | BPF_K, 5, 0, 0, (int32_t)rule->minor);
	}
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, rule->allow);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	for (size_t i = 0; i < jump_count; i++)
		program->instructions[jumps[i]].off = (int16_t)(program->count - jumps[i] - 1);
	program->closed = jump_count == 0;
}

static void emit_program(struct program *program, const struct spec *spec)
{
	emit(program, BPF_LDX | BPF_MEM | BPF_W, 3, 1,
		offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
	emit(program, BPF_LDX | BPF_MEM | BPF_W, 4, 1, offsetof(struct bpf_cgroup_dev_ctx, major),
		0);
	emit(program, BPF_LDX | BPF_MEM | BPF_W, 5, 1, offsetof(struct bpf_cgroup_dev_ctx, minor),
		0);
	emit(program, BPF_ALU | BPF_MOV | BPF_X, 2, 3, 0, 0);
	emit(program, BPF_ALU | BPF_AND | BPF_K, 2, 0, 0, 0xffff);
	emit(program, BPF_ALU | BPF_RSH | BPF_K, 3, 0, 0, 16);
	for (size_t i = 0; i < array_size(standard); i++)
		emit_rule(program, &standard[i]);
	for (size_t i = spec->device_rule_count; i > 0; i--)
		emit_rule(program, &spec->device_rules[i - 1]);
	if (program->closed)
		return;
	emit(program, BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0);
	emit(program, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static int load_and_attach(int cgroup_fd, const struct program *program)
{
	union bpf_attr load = {.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = (uintptr_t)program->instructions,
		.insn_cnt = (uint32_t)program->count,
		.license = (uintptr_t) "Apache-2.0"};
	auto_close int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof(load));
	union bpf_attr attach = {.target_fd = (uint32_t)cgroup_fd,
		.attach_bpf_fd = (uint32_t)fd,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI};

	if (fd < 0)
		return -1;
	return (int)syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof(attach));
}

/* Whether this process is outside any user namespace: its map is the whole range. */
static bool in_initial_userns(void)
{
	auto_fclose FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count;

	return map && fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
	       outside == 0 && count == UINT32_MAX;
}

bool cgroup_devices_needed(const struct spec *spec)
{
	return spec->device_rule_count > 0 && !spec_namespace_find(spec, CLONE_NEWUSER, NULL) &&
	       in_initial_userns();
}

int cgroup_attach_devices(int cgroup_fd, const struct spec *spec, struct failure *out)
{
	size_t room = FIXED_INSTRUCTIONS +
		      INSTRUCTIONS_PER_RULE * (array_size(standard) + spec->device_rule_count);
	auto_free struct bpf_insn *instructions = NULL;
	struct program program = {0};
	int error;

	if (spec->device_rule_count == 0)
		return 0;
	instructions = calloc(room, sizeof(*instructions));
	if (!instructions)
		return fail(out, ENOMEM, "cgroup", "cannot compile the device rules");
	program.instructions = instructions;
	emit_program(&program, spec);
	if (program.count > MAXIMUM_INSTRUCTIONS)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "cgroup",
			"linux.resources.devices has too many rules");
	if (load_and_attach(cgroup_fd, &program) == 0)
		return 0;
	error = errno;
	/* Device nodes cannot be made in a user namespace: nothing is lost there. */
	if ((error == EPERM || error == EACCES) && !cgroup_devices_needed(spec))
		return 0;
	return fail(out, error, "cgroup", "cannot attach the device rules");
}
