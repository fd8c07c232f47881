/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_start.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "clients_waiting.h"
#include "container_lock.h"
#include "events.h"
#include "journal.h"
#include "launch.h"
#include "monitor_health.h"
#include "monitor_oom.h"
#include "monitor_rootfs.h"
#include "monitor_state.h"
#include "mount.h"
#include "donor.h"
#include "owners.h"
#include "prepared.h"
#include "rootfs_ahead.h"
#include "rootfs_mount.h"
#include "runtime_external.h"
#include "scope.h"
#include "spec.h"
#include "systemd_scope.h"
#include "volume_mount.h"

static int lock_container(
	struct monitor *monitor, const struct monitor_request *request, struct failure *out)
{
	int directory = container_lock(monitor->plan->container_dir, request->client, out);

	if (directory >= 0 && request->prepared &&
		prepared_take(request->prepared, directory, out) < 0) {
		close(directory);
		directory = -1;
	}
	if (directory < 0 && request->prepared)
		prepared_discard(request->prepared);
	monitor->directory = directory;
	return directory < 0 ? -1 : 0;
}

/* From here on the monitor's signals arrive at a descriptor; the container's process gets the
 * default actions back from launch. */
static int watch_signals(struct monitor *monitor, struct failure *out)
{
	static const int watched[] = {SIGCHLD, SIGHUP, SIGTERM, SIGINT, SIGQUIT};
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < array_size(watched); i++)
		sigaddset(&set, watched[i]);
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0)
		return fail(out, errno, "signals", "cannot watch signals");
	monitor->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (monitor->signals < 0)
		return fail(out, errno, "signals", "cannot watch signals");
	return 0;
}

/* A scope outlives the login session, and it is where an ordinary user may have cgroups. Without a
 * manager, or when it refuses, the container lives in the caller's session. */
static void enter_scope(struct monitor *monitor)
{
	char description[64];
	struct failure refused;

	snprintf(description, sizeof(description), "lighter container %.12s", monitor->plan->id);
	if (systemd_scope_enter(monitor->plan->id, description, monitor->plan->slice, &refused) ==
		0)
		(void)cgroup_split_own(&monitor->cgroup_parent, &refused);
}

/* What hooks start, and another runtime, may outlive the start: they get no processor of ours. */
static bool stays_together(const struct plan *plan, const struct spec *spec)
{
	bool has_hooks = false;

	for (size_t i = 0; i < HOOK_STAGE_COUNT; i++)
		has_hooks = has_hooks || spec->hooks[i].count > 0;
	return plan->rootfs.driver == ROOTFS_FUSE_OVERLAYFS && !plan->runtime && !has_hooks;
}

static bool is_empty(const char *path)
{
	DIR *directory = opendir(path);
	const struct dirent *entry;
	bool empty = directory != NULL;

	while (empty && (entry = readdir(directory)))
		empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
	if (directory)
		closedir(directory);
	return empty;
}

/* Joins what all containers share and mounts the root filesystem. */
static int enter(struct monitor *monitor, const struct spec *spec, const char *rootfs,
	enum rootfs_stage *ret, struct failure *out)
{
	struct plan_rootfs mounting = monitor->plan->rootfs;
	struct rootfs_mount mounted = {0};

	enter_scope(monitor);
	if (services_prepare(&monitor->services, monitor->plan, out) < 0)
		return -1;
	if (shared_join(monitor->plan, &monitor->shared, out) < 0)
		return -1;
	/* The next monitor opens this one's namespaces and executable through /proc. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail(out, errno, "shared", "cannot become a lender");
	if (stays_together(monitor->plan, spec))
		together_begin(&monitor->together);
	mounting.fresh = is_empty(mounting.upper);
	*ret = !monitor->plan->step && rootfs_ahead(monitor->plan, spec) ? ROOTFS_FURNISHED
									 : ROOTFS_BARE;
	if (monitor->plan->step &&
		step_sources_begin(monitor->plan->step, &monitor->sources, out) < 0)
		return -1;
	if (rootfs_mount(&mounting, rootfs, &mounted, out) < 0)
		return -1;
	monitor->fuse = mounted.fuse;
	return monitor->plan->step ? step_sources_mount(monitor->plan->step, &monitor->sources,
					     monitor->clients.items[0].fd, out)
				   : 0;
}

static int make_cgroup(struct monitor *monitor, const struct spec *spec, struct failure *out)
{
	const struct plan *plan = monitor->plan;
	const char *parent = monitor->cgroup_parent ? monitor->cgroup_parent : plan->cgroup_parent;

	if (!parent || (plan->runtime && !external_inherits_cgroup(plan)))
		return 0;
	if (asprintf(&monitor->cgroup_path, "%s/lighter-%s", parent, plan->id) < 0) {
		monitor->cgroup_path = NULL;
		return fail(out, ENOMEM, "cgroup", "cannot name the cgroup");
	}
	if (cgroup_create(monitor->cgroup_path, spec, &monitor->cgroup, out) == 0)
		return 0;
	/* What asks for no limit runs without a cgroup as well. */
	return spec->cgroup_setting_count > 0 ? -1 : 0;
}

/* /proc/self/fd/1 can be opened again by whoever owns the pipe. */
static void give_streams(const int stdio[3], const struct spec *spec)
{
	const struct spec_user *user = &spec->process.user;
	uid_t uid = owners_outer(spec->uid_mappings, spec->uid_mapping_count, user->uid);
	gid_t gid = owners_outer(spec->gid_mappings, spec->gid_mapping_count, user->gid);

	for (int i = 0; i < 3; i++) {
		struct stat file;

		/* Best effort: only programs that open /dev/stdout by name notice. */
		if (stdio[i] >= 0 && fstat(stdio[i], &file) == 0 && S_ISFIFO(file.st_mode))
			(void)!fchown(stdio[i], uid, gid);
	}
}

static int create(struct monitor *monitor, const struct spec *spec, const char *bundle,
	struct launched *launched, struct failure *out)
{
	const struct plan *plan = monitor->plan;
	auto_free char *cache = NULL;
	struct launch_options options = {.id = plan->id,
		.bundle = bundle,
		.cgroup_fd = monitor->cgroup,
		.donor = monitor->donor,
		.lock = monitor->directory,
		.die_with_parent = true};
	int result;

	if (streams_open(&monitor->streams, plan, monitor->handed, options.stdio, out) < 0)
		return -1;
	/* The caller's own are not the container's to keep. */
	if (monitor->handed[1] < 0)
		give_streams(options.stdio, spec);
	if (asprintf(&cache, "%s/cache/seccomp", plan->data_dir) < 0)
		cache = NULL;
	options.seccomp_cache = cache;
	if (plan->runtime)
		result = external_create(plan, spec, &options, launched, out);
	else
		result = launch_create(spec, &options, launched, out);
	for (int i = 0; i < 3; i++)
		if (options.stdio[i] >= 0)
			close(options.stdio[i]);
	return result;
}

/* Names and published ports, where it has any. */
static int announce(struct monitor *monitor, const struct launched *launched, struct failure *out)
{
	auto_close int opened = -1;
	char path[64];

	if (!monitor->plan->network.names.served && monitor->services.published_count == 0)
		return 0;
	if (launched->netns < 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)launched->pid);
		opened = open(path, O_RDONLY | O_CLOEXEC);
		if (opened < 0)
			return fail(out, errno, "network",
				"cannot open the container's network namespace");
	}
	return services_register(&monitor->services, monitor->plan, &monitor->network,
		launched->netns < 0 ? opened : launched->netns, out);
}

/* Everything between the two halves of the launch. */
static int connect_container(struct monitor *monitor, struct launched *launched,
	const struct winsize *size, struct failure *out)
{
	const struct plan *plan = monitor->plan;

	if (plan->terminal) {
		if (launched->console < 0)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "console",
				"config.json asks for no terminal, plan.json does");
		if (streams_set_console(&monitor->streams, take_fd(&launched->console), size, out) <
			0)
			return -1;
	}
	if (net_connect(plan, &monitor->shared, launched->pid, launched->netns, &monitor->network,
		    out) < 0)
		return -1;
	if (plan->network.mode == NETWORK_BRIDGE &&
		(announce(monitor, launched, out) < 0 ||
			shared_wait_uplink(&monitor->shared, monitor->plan, out) < 0))
		return -1;
	/* Who called for a step is connected already, and nobody else is to be. */
	if (monitor->clients.listener >= 0 || plan->step)
		return 0;
	if (clients_listen(&monitor->clients, plan, out) < 0)
		return -1;
	clients_connect_waiting(&monitor->clients, plan);
	return 0;
}

int monitor_record_running(struct monitor *monitor, struct failure *out)
{
	const struct running_report report = {.process = &monitor->process,
		.oom_killed = monitor->oom.kills > 0,
		.started_at = &monitor->started_at,
		.network = &monitor->network,
		.services = &monitor->services,
		.restart_count = monitor->restart.count,
		.paused = monitor->pause.paused};

	return state_write_running(monitor->directory, monitor->plan, &report, out);
}

static int record_start(struct monitor *monitor, struct failure *out)
{
	clock_gettime(CLOCK_REALTIME, &monitor->started_at);
	clock_gettime(CLOCK_MONOTONIC, &monitor->started);
	/* A process that is dead already still has its entry in /proc: it is not reaped. */
	if (identity_of(monitor->pid, &monitor->process) < 0)
		return fail(out, errno, "state", "cannot read the state of the process");
	return monitor->plan->step ? 0 : monitor_record_running(monitor, out);
}

/* Docker's words around what the runtime could not do. */
static int fail_task(const struct plan *plan, const struct spec *spec, struct failure *out)
{
	/* Of a step its output tells that. */
	if (plan->step) {
		failure_within(out, "unable to start container process");
		return -1;
	}
	if (out->step && strcmp(out->step, "cwd") == 0 && out->error == ENOTDIR)
		return fail(
			out, 0, "cwd", "Cannot mkdir: %s is not a directory", spec->process.cwd);
	if (out->step && strcmp(out->step, SUBPATH_STEP) == 0)
		return -1;
	failure_within(out, "failed to create task for container");
	return -1;
}

static int launch(struct monitor *monitor, const struct spec *spec, const char *bundle,
	const struct winsize *size, struct failure *out)
{
	const struct plan *plan = monitor->plan;
	struct launched launched = {
		.pidfd = -1, .console = -1, .gate = -1, .netns = -1, .report = -1};
	int result = create(monitor, spec, bundle, &launched, out);

	/* Servers that are started from here on outlive the start. */
	together_release(&monitor->together, 0);
	if (result < 0)
		return fail_task(plan, spec, out);
	monitor->stragglers = launched.stragglers;
	result = donor_check(plan, monitor->donor, out);
	if (result == 0)
		result = connect_container(monitor, &launched, size, out);
	together_release(&monitor->together, launched.pid);
	together_release(&monitor->together, monitor->fuse);
	monitor->together.kept = false;
	if (result == 0 &&
		(plan->runtime ? external_start(plan, out) : launch_start(&launched, out)) < 0)
		result = fail_task(plan, spec, out);
	monitor->pid = launched.pid;
	if (result == 0 && plan->runtime && stragglers_possible(spec, monitor->cgroup))
		stragglers_look(&monitor->stragglers, spec, launched.pid);
	if (result == 0)
		result = record_start(monitor, out);
	if (result < 0) {
		launch_abort(&launched);
		if (plan->runtime)
			external_delete(plan);
		return -1;
	}
	monitor->pidfd = launched.pidfd;
	scope_close(&launched.netns);
	return 0;
}

static int start_in_cgroup(struct monitor *monitor, const struct spec *spec, const char *bundle,
	const struct winsize *size, struct failure *out)
{
	monitor_oom_begin(monitor);
	return launch(monitor, spec, bundle, size, out);
}

static int mount_root(struct monitor *monitor, const struct spec *spec, const char *rootfs,
	enum rootfs_stage *ret, struct failure *out)
{
	struct stat hosts;

	monitor->hosts_size = -1;
	if (monitor->plan->network.hosts_file &&
		stat(monitor->plan->network.hosts_file, &hosts) == 0)
		monitor->hosts_size = hosts.st_size;
	if (log_open(&monitor->log, monitor->plan, out) < 0)
		return -1;
	return enter(monitor, spec, rootfs, ret, out);
}

int monitor_start(
	struct monitor *monitor, bool again, const struct winsize *size, struct failure *out)
{
	char bundle[PATH_MAX], rootfs[PATH_MAX];
	enum rootfs_stage stage = ROOTFS_USED;
	auto_close int bundle_fd = -1;
	struct spec *spec = NULL;
	int result;

	if (snprintf(bundle, sizeof(bundle), "%s/bundle", monitor->plan->container_dir) >=
		(int)sizeof(bundle))
		return fail(out, ENAMETOOLONG, "bundle", "the container's path is too long");
	bundle_fd = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (bundle_fd < 0)
		return fail(out, errno, "bundle", "cannot open %s", bundle);
	if (spec_load(bundle_fd, &spec, out) < 0)
		return -1;
	if (donor_open(monitor->plan, spec, &monitor->donor, out) < 0)
		result = -1;
	else if (snprintf(rootfs, sizeof(rootfs), "%s/rootfs", bundle) >= (int)sizeof(rootfs))
		result = fail(out, ENAMETOOLONG, "bundle", "the container's path is too long");
	else if ((!again && mount_root(monitor, spec, rootfs, &stage, out) < 0) ||
		 volumes_mount(monitor->plan, out) < 0 ||
		 monitor_prepare_rootfs(monitor->plan, rootfs, stage, spec, out) < 0 ||
		 make_cgroup(monitor, spec, out) < 0)
		result = -1;
	else
		result = start_in_cgroup(monitor, spec, bundle, size, out);
	spec_free(spec);
	if (monitor->donor >= 0)
		close(take_fd(&monitor->donor));
	if (result < 0)
		return -1;
	event_started(monitor->started_event, sizeof(monitor->started_event), monitor->pid);
	monitor_health_begin(monitor);
	journal_networks(monitor->plan, "connect");
	journal_note(monitor->plan, "start", NULL, 0);
	return 0;
}

int monitor_prepare(
	struct monitor *monitor, const struct monitor_request *request, struct failure *out)
{
	struct client *client = clients_add(&monitor->clients, request->client);

	if (client)
		client->attached = request->attached;
	else if (request->plan->step)
		return fail(out, ENOMEM, "monitor", "cannot keep the caller");
	for (size_t i = 0; i < request->early_count; i++) {
		client = clients_add(&monitor->clients, request->early[i].fd);
		if (client)
			client->attached = request->early[i].attached;
	}
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return fail(out, errno, "monitor", "cannot become a subreaper");
	if (watch_signals(monitor, out) < 0)
		return -1;
	if (lock_container(monitor, request, out) < 0)
		return -1;
	/* Whoever starts it wants it to run: an earlier wish is over. */
	if (!request->plan->step)
		(void)unlinkat(monitor->directory, STOPPED_MARK, 0);
	return 0;
}
