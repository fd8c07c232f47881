/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_health.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/random.h>

#include <jansson.h>

#include "health_check.h"
#include "journal.h"
#include "json_read.h"
#include "log.h"
#include "monitor_memory.h"
#include "scope.h"
#include "utf8.h"

/* LATE_MS: what a check may need beyond its timeout until its end is known. */
enum { RESULTS_KEPT = 5, FILE_LIMIT = 1024 * 1024, LATE_MS = 5000 };

static const char file_name[] = "health.json";
static const char draft_name[] = "health.json.draft";

static long long since_start_ms(const struct monitor *monitor)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - monitor->started.tv_sec) * 1000LL +
	       (now.tv_nsec - monitor->started.tv_nsec) / 1000000;
}

static void arm(struct monitor *monitor, long long delay_ms)
{
	struct timespec *due = &monitor->prober.due;

	clock_gettime(CLOCK_MONOTONIC, due);
	due->tv_sec += delay_ms / 1000;
	due->tv_nsec += delay_ms % 1000 * 1000000L;
	if (due->tv_nsec >= 1000000000L) {
		due->tv_sec++;
		due->tv_nsec -= 1000000000L;
	}
	monitor->prober.armed = true;
}

static void arm_next(struct monitor *monitor)
{
	arm(monitor,
		health_delay(&monitor->health, &monitor->plan->health, since_start_ms(monitor)));
}

static json_t *read_log(int directory)
{
	auto_close int fd = openat(directory, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *document = fd < 0 ? NULL : json_read(fd, FILE_LIMIT, 0, NULL);
	json_t *log = json_incref(json_object_get(document, "Log"));

	json_decref(document);
	return json_is_array(log) ? log : json_array();
}

/* What is no UTF-8 is replaced, as Docker does. */
static json_t *pack_output(const char *bytes, size_t length)
{
	auto_free char *text = malloc(length * 3 + 1);
	size_t used = 0;

	if (!text)
		return json_string("");
	for (size_t at = 0; at < length;) {
		int step = utf8_length((const unsigned char *)bytes + at, length - at);

		if (step > 0)
			memcpy(text + used, bytes + at, (size_t)step);
		else
			memcpy(text + used, "\xef\xbf\xbd", 3);
		used += step > 0 ? (size_t)step : 3;
		at += step > 0 ? (size_t)step : 1;
	}
	return json_stringn(text, used);
}

static void add_result(
	json_t *log, const struct timespec *began, const struct health_result *result)
{
	char start[TIMESTAMP_SIZE], end[TIMESTAMP_SIZE];

	format_timestamp(began, start);
	format_timestamp(&result->end, end);
	while (json_array_size(log) >= RESULTS_KEPT)
		json_array_remove(log, 0);
	json_array_append_new(log,
		json_pack("{s:s, s:s, s:i, s:o}", "Start", start, "End", end, "ExitCode",
			result->exit_code, "Output", pack_output(result->output, result->length)));
}

/* In Docker's words and order; result NULL = only the status is new. The file is no record that a
 * crash of the machine must not lose. */
static void write_health(struct monitor *monitor, const struct health_result *result)
{
	json_t *log = read_log(monitor->directory);
	json_t *document;
	auto_free char *text = NULL;

	if (result)
		add_result(log, &monitor->prober.began, result);
	document =
		json_pack("{s:s, s:i, s:o}", "Status", health_status_name(monitor->health.status),
			"FailingStreak", (int)monitor->health.failing_streak, "Log", log);
	text = document ? json_dumps(document, JSON_COMPACT) : NULL;
	json_decref(document);
	if (!text)
		return;
	auto_close int fd = openat(monitor->directory, draft_name,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && retry_eintr(write(fd, text, strlen(text))) == (ssize_t)strlen(text))
		(void)!renameat(monitor->directory, draft_name, monitor->directory, file_name);
}

void monitor_health_begin(struct monitor *monitor)
{
	if (!monitor->plan->health.check)
		return;
	monitor->health = (struct health){.status = HEALTH_STARTING};
	write_health(monitor, NULL);
	arm_next(monitor);
}

void monitor_health_resume(struct monitor *monitor)
{
	if (monitor->plan->health.check)
		arm_next(monitor);
}

static void end_prober(struct prober *prober)
{
	/* A child that is not reaped yet: the pid cannot have become another's. */
	if (prober->pid > 0)
		kill(prober->pid, SIGKILL);
	if (prober->fd >= 0)
		close(prober->fd);
	*prober = (struct prober){.fd = -1};
}

/* It notices, and ends what it has begun in the container; killing it would leave that behind. */
static void dismiss_prober(struct monitor *monitor)
{
	struct prober *prober = &monitor->prober;

	if (prober->fd >= 0)
		close(prober->fd);
	if (prober->pid > 0)
		journal_probe_ended(monitor->plan, prober->exec_id, HEALTH_KILLED);
	*prober = (struct prober){.fd = -1};
}

/* Nobody can say that it is well: Docker calls that unhealthy. */
void monitor_health_end(struct monitor *monitor)
{
	if (!monitor->plan->health.check || monitor->directory < 0)
		return;
	dismiss_prober(monitor);
	monitor->health.status = HEALTH_UNHEALTHY;
	write_health(monitor, NULL);
}

static void take_result(struct monitor *monitor, const struct health_result *result)
{
	char action[64];
	bool changed = health_judge(&monitor->health, &monitor->plan->health, result->exit_code,
		monitor->prober.began_ms);

	write_health(monitor, result);
	if (result->died >= 0)
		journal_probe_ended(monitor->plan, monitor->prober.exec_id, result->died);
	end_prober(&monitor->prober);
	if (changed) {
		snprintf(action, sizeof(action), "health_status: %s",
			health_status_name(monitor->health.status));
		journal_note(monitor->plan, action, NULL, 0);
	}
	arm_next(monitor);
	monitor_shrink();
}

static void give_up(struct monitor *monitor, const char *why)
{
	struct health_result result = {
		.exit_code = -1, .died = monitor->prober.pid > 0 ? HEALTH_KILLED : -1};

	clock_gettime(CLOCK_REALTIME, &result.end);
	result.length = (size_t)snprintf(result.output, sizeof(result.output), "%s", why);
	take_result(monitor, &result);
}

/* As the id of an exec looks. Without random bytes it is still one id, of no other use. */
static void choose_id(char ret[65])
{
	unsigned char bytes[32] = {0};

	(void)!getrandom(bytes, sizeof(bytes), GRND_NONBLOCK);
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
}

void monitor_health_due(struct monitor *monitor)
{
	struct prober *prober = &monitor->prober;

	if (prober->pid > 0) {
		give_up(monitor, "the health check does not end");
		return;
	}
	clock_gettime(CLOCK_REALTIME, &prober->began);
	prober->began_ms = since_start_ms(monitor);
	choose_id(prober->exec_id);
	journal_probe_began(monitor->plan, prober->exec_id);
	prober->pid = health_check_start(monitor->plan, &prober->fd);
	if (prober->pid > 0) {
		arm(monitor, monitor->plan->health.timeout_ms + LATE_MS);
		return;
	}
	prober->pid = 0;
	give_up(monitor, "the health check cannot be started: no process can be made");
}

void monitor_health_result(struct monitor *monitor)
{
	struct health_result result;
	ssize_t got = retry_eintr(read(monitor->prober.fd, &result, sizeof(result)));

	if (got != (ssize_t)sizeof(result) || result.length > sizeof(result.output))
		give_up(monitor, "the health check was ended from outside");
	else
		take_result(monitor, &result);
}
