/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp_compile.h"

#include <ctype.h>
#include <errno.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "scope.h"
#include "spec_json.h"

enum { MAXIMUM_RULES = 4096, MAXIMUM_ARGUMENTS = 64 };

static const char section_name[] = "linux.seccomp";

static int unknown(struct failure *out, const char *what, const char *name)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, "seccomp",
		"config.json: %s: unknown seccomp %s: \"%.60s\"", section_name, what, name);
}

/* The action with its errno or trace value. */
static int parse_action(
	const char *name, bool has_value, uint32_t value, uint32_t *ret, struct failure *out)
{
	static const struct {
		const char *name;
		uint32_t action;
	} plain[] = {
		{"SCMP_ACT_KILL", SCMP_ACT_KILL},
		{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
		{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
		{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
		{"SCMP_ACT_LOG", SCMP_ACT_LOG},
		{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	};

	if (!has_value)
		value = EPERM;
	if (strcmp(name, "SCMP_ACT_ERRNO") == 0) {
		*ret = SCMP_ACT_ERRNO(value);
		return 0;
	}
	if (strcmp(name, "SCMP_ACT_TRACE") == 0) {
		*ret = SCMP_ACT_TRACE(value);
		return 0;
	}
	if (strcmp(name, "SCMP_ACT_NOTIFY") == 0)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "seccomp",
			"config.json: %s: SCMP_ACT_NOTIFY is not supported", section_name);
	for (size_t i = 0; i < array_size(plain); i++) {
		if (strcmp(name, plain[i].name) != 0)
			continue;
		if (has_value)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "seccomp",
				"config.json: %s: %s takes no errno", section_name, name);
		*ret = plain[i].action;
		return 0;
	}
	return unknown(out, "action", name);
}

/* Reads the pair of members that make an action. */
static int read_action(const json_t *object, const char *where, const char *name,
	const char *value_name, uint32_t *ret, struct failure *out)
{
	auto_free char *action = NULL;
	bool has_value = false;
	int64_t value = 0;

	if (spec_string(object, where, name, SPEC_REQUIRED, &action, out) < 0 ||
		spec_integer(object, where, value_name, SPEC_OPTIONAL, 0, 4095, &value, &has_value,
			out) < 0)
		return -1;
	return parse_action(action, has_value, (uint32_t)value, ret, out);
}

static int parse_flags(const json_t *section, unsigned *ret, struct failure *out)
{
	static const struct {
		const char *name;
		unsigned flag;
	} known[] = {
		{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
		{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
		{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	};
	struct string_list names = {0};
	int result = spec_strings(section, section_name, "flags", &names, out);

	*ret = 0;
	for (size_t i = 0; result == 0 && i < names.count; i++) {
		unsigned flag = 0;

		for (size_t j = 0; j < array_size(known); j++)
			if (strcmp(names.items[i], known[j].name) == 0)
				flag = known[j].flag;
		/* The kernel takes it only together with a listener. */
		if (strcmp(names.items[i], "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV") == 0)
			result = fail_kind(out, FAILURE_UNSUPPORTED, 0, "seccomp",
				"config.json: %s: %s is not supported", section_name,
				names.items[i]);
		else if (flag == 0)
			result = unknown(out, "flag", names.items[i]);
		*ret |= flag;
	}
	spec_list_clear(&names);
	return result;
}

static int add_architecture(scmp_filter_ctx context, const char *name, struct failure *out)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[24] = "";
	uint32_t token;
	int result;

	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return unknown(out, "architecture", name);
	snprintf(lower, sizeof(lower), "%s", name + sizeof(prefix) - 1);
	for (char *byte = lower; *byte; byte++)
		*byte = (char)tolower((unsigned char)*byte);
	token = strcmp(lower, "native") == 0 ? 0 : seccomp_arch_resolve_name(lower);
	if (token == 0)
		return unknown(out, "architecture", name);
	result = seccomp_arch_add(context, token);
	if (result < 0 && result != -EEXIST)
		return fail(out, -result, "seccomp", "cannot add the architecture %s", name);
	return 0;
}

static int add_architectures(scmp_filter_ctx context, const json_t *section, struct failure *out)
{
	struct string_list names = {0};
	int result = spec_strings(section, section_name, "architectures", &names, out);

	for (size_t i = 0; result == 0 && i < names.count; i++)
		result = add_architecture(context, names.items[i], out);
	spec_list_clear(&names);
	return result;
}

static int parse_operator(const char *name, enum scmp_compare *ret, struct failure *out)
{
	static const struct {
		const char *name;
		enum scmp_compare op;
	} known[] = {
		{"SCMP_CMP_NE", SCMP_CMP_NE},
		{"SCMP_CMP_LT", SCMP_CMP_LT},
		{"SCMP_CMP_LE", SCMP_CMP_LE},
		{"SCMP_CMP_EQ", SCMP_CMP_EQ},
		{"SCMP_CMP_GE", SCMP_CMP_GE},
		{"SCMP_CMP_GT", SCMP_CMP_GT},
		{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
	};

	for (size_t i = 0; i < array_size(known); i++)
		if (strcmp(name, known[i].name) == 0) {
			*ret = known[i].op;
			return 0;
		}
	return unknown(out, "operator", name);
}

struct rule {
	uint32_t action;
	struct scmp_arg_cmp arguments[MAXIMUM_ARGUMENTS];
	unsigned count;
	bool alternatives; /* one argument is compared twice: any comparison suffices */
};

static int parse_arguments(
	const json_t *object, const char *where, struct rule *rule, struct failure *out)
{
	json_t *array = NULL, *item;
	unsigned seen = 0;

	if (spec_array(object, where, "args", MAXIMUM_ARGUMENTS, &array, out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct scmp_arg_cmp *argument = &rule->arguments[i];
		auto_free char *op = NULL;
		char path[SPEC_WHERE];
		int64_t index = 0;
		uint64_t first = 0, second = 0;

		if (spec_element(array, i, where, "args", path, &item, out) < 0 ||
			spec_integer(item, path, "index", SPEC_REQUIRED, 0, 5, &index, NULL, out) <
				0 ||
			spec_unsigned(item, path, "value", SPEC_REQUIRED, &first, NULL, out) < 0 ||
			spec_unsigned(item, path, "valueTwo", SPEC_OPTIONAL, &second, NULL, out) <
				0 ||
			spec_string(item, path, "op", SPEC_REQUIRED, &op, out) < 0 ||
			parse_operator(op, &argument->op, out) < 0)
			return -1;
		argument->arg = (unsigned)index;
		argument->datum_a = first;
		argument->datum_b = second;
		rule->alternatives = rule->alternatives || (seen & 1U << index);
		seen |= 1U << index;
		rule->count++;
	}
	return 0;
}

static int add_rule(
	scmp_filter_ctx context, const struct rule *rule, const char *name, struct failure *out)
{
	int number = seccomp_syscall_resolve_name(name);
	int result = 0;

	/* Profiles name system calls of all times: what this libseccomp does not know gets the
	 * default. */
	if (number == __NR_SCMP_ERROR)
		return 0;
	if (rule->alternatives) {
		for (unsigned i = 0; result == 0 && i < rule->count; i++)
			result = seccomp_rule_add_array(
				context, rule->action, number, 1, &rule->arguments[i]);
	} else {
		result = seccomp_rule_add_array(
			context, rule->action, number, rule->count, rule->arguments);
	}
	/* The same rule twice is no error for runc either. */
	if (result < 0 && result != -EEXIST)
		return fail(out, -result, "seccomp", "cannot add the rule for %.60s", name);
	return 0;
}

static int add_rules(scmp_filter_ctx context, const json_t *section, uint32_t default_action,
	struct failure *out)
{
	json_t *array = NULL, *item;

	if (spec_array(section, section_name, "syscalls", MAXIMUM_RULES, &array, out) < 0)
		return -1;
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct string_list names = {0};
		struct rule rule = {0};
		char where[SPEC_WHERE];
		int result;

		if (spec_element(array, i, section_name, "syscalls", where, &item, out) < 0 ||
			read_action(item, where, "action", "errnoRet", &rule.action, out) < 0 ||
			parse_arguments(item, where, &rule, out) < 0)
			return -1;
		/* libseccomp refuses rules that say what happens anyway. */
		if (rule.action == default_action)
			continue;
		result = spec_strings(item, where, "names", &names, out);
		for (size_t j = 0; result == 0 && j < names.count; j++)
			result = add_rule(context, &rule, names.items[j], out);
		spec_list_clear(&names);
		if (result < 0)
			return -1;
	}
	return 0;
}

int seccomp_translate(
	const json_t *section, scmp_filter_ctx *ret, unsigned *ret_flags, struct failure *out)
{
	uint32_t default_action;
	scmp_filter_ctx context;

	if (parse_flags(section, ret_flags, out) < 0 ||
		read_action(section, section_name, "defaultAction", "defaultErrnoRet",
			&default_action, out) < 0)
		return -1;
	context = seccomp_init(default_action);
	if (!context)
		return fail(out, EINVAL, "seccomp", "cannot begin a seccomp filter");
	/* A binary tree instead of a list; older libseccomp has lists only. */
	seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (add_architectures(context, section, out) < 0 ||
		add_rules(context, section, default_action, out) < 0) {
		seccomp_release(context);
		return -1;
	}
	*ret = context;
	return 0;
}
