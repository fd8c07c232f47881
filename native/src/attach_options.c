/* SPDX-License-Identifier: Apache-2.0 */
#include "attach_options.h"

#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "process.h"
#include "scope.h"

enum option_code {
	OPTION_CONTAINER = 256,
	OPTION_PREPARED,
	OPTION_DETACH,
	OPTION_PRINT,
	OPTION_DETACH_KEYS,
	OPTION_NAME,
	OPTION_NO_STDIN,
	OPTION_NO_STDOUT,
	OPTION_NO_STDERR,
	OPTION_NO_SIG_PROXY,
	OPTION_ERROR_PREFIX,
	OPTION_ERROR_SUFFIX,
	OPTION_FAILURE_CODE,
	OPTION_REPORT_FD,
	OPTION_CLIENT,
};

static const struct option known[] = {
	{"container", required_argument, NULL, OPTION_CONTAINER},
	{"prepared", required_argument, NULL, OPTION_PREPARED},
	{"detach", no_argument, NULL, OPTION_DETACH},
	{"print", required_argument, NULL, OPTION_PRINT},
	{"detach-keys", required_argument, NULL, OPTION_DETACH_KEYS},
	{"name", required_argument, NULL, OPTION_NAME},
	{"no-stdin", no_argument, NULL, OPTION_NO_STDIN},
	{"no-stdout", no_argument, NULL, OPTION_NO_STDOUT},
	{"no-stderr", no_argument, NULL, OPTION_NO_STDERR},
	{"no-sig-proxy", no_argument, NULL, OPTION_NO_SIG_PROXY},
	{"error-prefix", required_argument, NULL, OPTION_ERROR_PREFIX},
	{"error-suffix", required_argument, NULL, OPTION_ERROR_SUFFIX},
	{"failure-code", required_argument, NULL, OPTION_FAILURE_CODE},
	{"report-fd", required_argument, NULL, OPTION_REPORT_FD},
	{"client", required_argument, NULL, OPTION_CLIENT},
	{NULL, 0, NULL, 0},
};

static int parse_fd(const char *text, int *ret, struct failure *out)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end || number < 0 || number > INT_MAX ||
		fcntl((int)number, F_GETFD) < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			"--report-fd: no such descriptor: %s", text);
	*ret = (int)number;
	return 0;
}

/* FD:STREAMS, of which `i`, `o` and `e` are the three. */
static int parse_client(const char *text, struct attach_options *options, struct failure *out)
{
	struct early_client client = {0};
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end != ':' || number < 3 || number > INT_MAX ||
		fcntl((int)number, F_GETFD) < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			"--client: no such descriptor: %s", text);
	if (options->early_count == EARLY_CLIENTS_MAX)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "arguments", "--client: too many of them");
	client.fd = (int)number;
	for (const char *stream = end + 1; *stream; stream++) {
		if (*stream == 'i')
			client.attached.input = true;
		else if (*stream == 'o')
			client.attached.outputs[STREAM_STDOUT] = true;
		else if (*stream == 'e')
			client.attached.outputs[STREAM_STDERR] = true;
		else
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
				"--client: no such stream: %s", stream);
	}
	options->early[options->early_count++] = client;
	return 0;
}

static int parse_exit_code(const char *text, int *ret, struct failure *out)
{
	char *end;
	long number = strtol(text, &end, 10);

	if (end == text || *end || number < 1 || number > 255)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			"--failure-code: no exit code: %s", text);
	*ret = (int)number;
	return 0;
}

static int apply(int code, const char *value, struct attach_options *options, struct failure *out)
{
	switch (code) {
	case OPTION_CONTAINER:
		options->container = value;
		return 0;
	case OPTION_PREPARED:
		options->prepared = value;
		return 0;
	case OPTION_DETACH:
		options->detach = true;
		return 0;
	case OPTION_PRINT:
		options->print = value;
		return 0;
	case OPTION_DETACH_KEYS:
		return detach_keys_parse(value, &options->detach_keys, out);
	case OPTION_NAME:
		options->name = value;
		return 0;
	case OPTION_NO_STDIN:
		options->input = false;
		return 0;
	case OPTION_NO_STDOUT:
		options->output = false;
		return 0;
	case OPTION_NO_STDERR:
		options->error = false;
		return 0;
	case OPTION_NO_SIG_PROXY:
		options->proxy_signals = false;
		return 0;
	case OPTION_ERROR_PREFIX:
		options->error_prefix = value;
		return 0;
	case OPTION_ERROR_SUFFIX:
		options->error_suffix = value;
		return 0;
	case OPTION_FAILURE_CODE:
		return parse_exit_code(value, &options->failure_code, out);
	case OPTION_REPORT_FD:
		return parse_fd(value, &options->report_fd, out);
	case OPTION_CLIENT:
		return parse_client(value, options, out);
	default:
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			"unknown option, or one without its value");
	}
}

int attach_options_parse(int argc, char **argv, struct attach_options *ret, struct failure *out)
{
	int code;

	*ret = (struct attach_options){.error_prefix = "",
		.error_suffix = "",
		.input = true,
		.output = true,
		.error = true,
		.proxy_signals = true,
		.report_fd = -1};
	if (detach_keys_parse(NULL, &ret->detach_keys, out) < 0)
		return -1;
	opterr = 0;
	while ((code = getopt_long(argc, argv, "+", known, NULL)) != -1)
		if (apply(code, optarg, ret, out) < 0)
			return -1;
	if (optind < argc)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments", "unexpected argument: %s",
			argv[optind]);
	if (!ret->container)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments", "--container is missing");
	return 0;
}

/* Descriptors 0 to 2 must not become something else that is opened later. */
static int fill_standard_streams(void)
{
	int fd;

	do {
		fd = open("/dev/null", O_RDWR);
	} while (fd >= 0 && fd <= 2);
	if (fd < 0)
		return -1;
	close(fd);
	return 0;
}

static bool is_kept(const struct attach_options *options, int fd)
{
	for (size_t i = 0; i < options->early_count; i++)
		if (options->early[i].fd == fd)
			return true;
	return fd == options->report_fd;
}

/* Closes all from 3 on but those that the options name. */
static int close_others(const struct attach_options *options)
{
	int last = options->report_fd < 3 ? 2 : options->report_fd;

	for (size_t i = 0; i < options->early_count; i++)
		if (options->early[i].fd > last)
			last = options->early[i].fd;
	for (int fd = 3; fd < last; fd++)
		if (!is_kept(options, fd))
			close(fd);
	return close_range((unsigned)last + 1, ~0U, 0);
}

int attach_reset_process(const struct attach_options *options, struct failure *out)
{

	if (process_reset_signals(out) < 0)
		return -1;
	if (fill_standard_streams() < 0)
		return fail(out, errno, "descriptors", "cannot open /dev/null");
	for (int fd = 0; fd <= 2; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags >= 0 && flags & O_NONBLOCK)
			fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
	}
	if (close_others(options) < 0)
		return fail(out, errno, "descriptors", "cannot close inherited descriptors");
	return 0;
}

int attach_exit_code(const struct attach_options *options, const struct failure *why)
{
	return options->failure_code ? options->failure_code : failure_exit_code(why);
}

int attach_report_failure(const struct attach_options *options, const struct failure *why)
{
	if (options->report_fd >= 0)
		failure_report(options->report_fd, why);
	else
		fprintf(stderr, "%s%s%s\n", options->error_prefix, why->message,
			options->error_suffix);
	return attach_exit_code(options, why);
}
