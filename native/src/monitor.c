/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <jansson.h>

#include "cgroup.h"
#include "events.h"
#include "identity.h"
#include "launch.h"
#include "monitor_loop.h"
#include "monitor_rootfs.h"
#include "monitor_state.h"
#include "rootfs_mount.h"
#include "runtime_external.h"
#include "scope.h"
#include "spec.h"
#include "systemd_scope.h"

static int lock_container(struct monitor *monitor, struct failure *out)
{
	const char *path = monitor->plan->container_dir;

	monitor->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (monitor->directory < 0)
		return fail(out, errno, "lock", "cannot open %s", path);
	if (flock(monitor->directory, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(monitor->directory);
	monitor->directory = -1;
	if (errno == EWOULDBLOCK)
		return fail_kind(out, FAILURE_ALREADY, 0, "lock", "container %.12s is running",
			monitor->plan->id);
	return fail(out, errno, "lock", "cannot lock %s", path);
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
	if (systemd_scope_enter(monitor->plan->id, description, &refused) == 0)
		(void)cgroup_split_own(&monitor->cgroup_parent, &refused);
}

/* Joins what all containers share and mounts the root filesystem. */
static int enter(struct monitor *monitor, const char *rootfs, struct failure *out)
{
	struct rootfs_mount mounted = {0};

	enter_scope(monitor);
	if (shared_join(monitor->plan, &monitor->shared, out) < 0)
		return -1;
	/* The next monitor opens this one's namespaces and executable through /proc. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail(out, errno, "shared", "cannot become a lender");
	if (rootfs_mount(&monitor->plan->rootfs, rootfs, &mounted, out) < 0)
		return -1;
	monitor->fuse = mounted.fuse;
	return 0;
}

static int make_cgroup(struct monitor *monitor, const struct spec *spec, struct failure *out)
{
	const struct plan *plan = monitor->plan;
	const char *parent = monitor->cgroup_parent ? monitor->cgroup_parent : plan->cgroup_parent;

	/* An external runtime makes its own. */
	if (!parent || plan->runtime)
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

/* The id that a user of the container has out here. */
static uint32_t outer_id(const struct spec_id_mapping *mappings, size_t count, uint32_t id)
{
	for (size_t i = 0; i < count; i++)
		if (id >= mappings[i].container_id &&
			id - mappings[i].container_id < mappings[i].size)
			return mappings[i].host_id + (id - mappings[i].container_id);
	return id;
}

/* /proc/self/fd/1 can be opened again by whoever owns the pipe. */
static void give_streams(const int stdio[3], const struct spec *spec)
{
	const struct spec_user *user = &spec->process.user;
	uid_t uid = outer_id(spec->uid_mappings, spec->uid_mapping_count, user->uid);
	gid_t gid = outer_id(spec->gid_mappings, spec->gid_mapping_count, user->gid);

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
		.die_with_parent = true};
	int result;

	if (streams_open(&monitor->streams, plan, options.stdio, out) < 0)
		return -1;
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

/* Everything between the two halves of the launch. */
static int connect_container(struct monitor *monitor, struct launched *launched,
	const struct monitor_request *request, struct failure *out)
{
	const struct plan *plan = monitor->plan;

	if (plan->terminal) {
		if (launched->console < 0)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "console",
				"config.json asks for no terminal, plan.json does");
		if (streams_set_console(&monitor->streams, take_fd(&launched->console),
			    &request->size, out) < 0)
			return -1;
	}
	if (net_connect(plan, &monitor->shared, launched->pid, launched->netns, &monitor->network,
		    out) < 0)
		return -1;
	if (plan->network.mode == NETWORK_BRIDGE && shared_wait_uplink(&monitor->shared, out) < 0)
		return -1;
	return clients_listen(&monitor->clients, plan, out);
}

static int record_start(struct monitor *monitor, struct failure *out)
{
	struct identity process;

	clock_gettime(CLOCK_REALTIME, &monitor->started_at);
	/* A process that is dead already still has its entry in /proc: it is not reaped. */
	if (identity_of(monitor->pid, &process) < 0)
		return fail(out, errno, "state", "cannot read the state of the process");
	return state_write_running(monitor->directory, monitor->plan, &process,
		&monitor->started_at, &monitor->network, out);
}

/* Docker's words around what the runtime could not do. */
static int fail_task(const struct spec *spec, struct failure *out)
{
	if (out->step && strcmp(out->step, "cwd") == 0 && out->error == ENOTDIR)
		return fail(
			out, 0, "cwd", "Cannot mkdir: %s is not a directory", spec->process.cwd);
	failure_within(out, "failed to create task for container");
	return -1;
}

static int launch(struct monitor *monitor, const struct spec *spec, const char *bundle,
	const struct monitor_request *request, struct failure *out)
{
	const struct plan *plan = monitor->plan;
	struct launched launched = {
		.pidfd = -1, .console = -1, .gate = -1, .netns = -1, .report = -1};
	int result;

	if (create(monitor, spec, bundle, &launched, out) < 0)
		return fail_task(spec, out);
	result = connect_container(monitor, &launched, request, out);
	if (result == 0 &&
		(plan->runtime ? external_start(plan, out) : launch_start(&launched, out)) < 0)
		result = fail_task(spec, out);
	monitor->pid = launched.pid;
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

static int start(
	struct monitor *monitor, const struct monitor_request *request, struct failure *out)
{
	char bundle[PATH_MAX], rootfs[PATH_MAX];
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
	if (snprintf(rootfs, sizeof(rootfs), "%s/rootfs", bundle) >= (int)sizeof(rootfs))
		result = fail(out, ENAMETOOLONG, "bundle", "the container's path is too long");
	else if (log_open(&monitor->log, monitor->plan->log_path, out) < 0 ||
		 enter(monitor, rootfs, out) < 0 ||
		 monitor_prepare_rootfs(monitor->plan, rootfs, spec, out) < 0 ||
		 make_cgroup(monitor, spec, out) < 0)
		result = -1;
	else
		result = launch(monitor, spec, bundle, request, out);
	spec_free(spec);
	return result;
}

/* Ends what serves only this container. The order matters: the file system's server writes to the
 * directories that may be removed next. */
static void clean_up(struct monitor *monitor)
{
	char rootfs[PATH_MAX];
	struct failure ignored;

	streams_close(&monitor->streams);
	log_finish(&monitor->log);
	log_close(&monitor->log);
	if (monitor->plan->runtime)
		external_delete(monitor->plan);
	if (monitor->network.uplink_keepalive >= 0)
		close(monitor->network.uplink_keepalive);
	if (monitor->cgroup >= 0) {
		/* What does not die in time is left to the next clean-up: the container is over. */
		(void)cgroup_kill(monitor->cgroup, &ignored);
		close(monitor->cgroup);
		(void)cgroup_delete(monitor->cgroup_path, &ignored);
	}
	snprintf(rootfs, sizeof(rootfs), "%s/bundle/rootfs", monitor->plan->container_dir);
	umount2(rootfs, MNT_DETACH);
	if (monitor->fuse > 0)
		retry_eintr(waitpid(monitor->fuse, NULL, 0));
}

static void collect_exit(struct monitor *monitor, struct exit_report *ret)
{
	unsigned long long kills = 0;
	int status = monitor->wait_status;

	*ret = (struct exit_report){
		.started_at = monitor->started_at, .log_error = monitor->log.error};
	if (WIFSIGNALED(status)) {
		ret->signal = WTERMSIG(status);
		ret->exit_code = 128 + ret->signal;
	} else {
		ret->exit_code = WEXITSTATUS(status);
	}
	if (monitor->cgroup >= 0 && cgroup_oom_kills(monitor->cgroup, &kills) == 0)
		ret->oom_killed = kills > 0;
}

/* Others may start or remove the container from here on. */
static void give_up_container(struct monitor *monitor)
{
	clients_unlisten(&monitor->clients);
	if (monitor->directory >= 0)
		close(monitor->directory);
	monitor->directory = -1;
	shared_leave(monitor->plan);
}

/* An --rm container is gone for everybody once it is out of sight. Removing its files takes longer
 * than all the rest of a short run: nobody waits for that, unless the space is wanted. */
static void discard(struct monitor *monitor, struct trash *trash)
{
	struct failure ignored;

	*trash = TRASH_NONE;
	if (!monitor->plan->auto_remove)
		return;
	(void)container_discard(monitor->plan, trash, &ignored);
	if (trash_is_needed(trash))
		(void)trash_empty(trash, &ignored);
}

static void finish(struct monitor *monitor)
{
	struct trash trash;
	struct exit_report report;
	struct failure failure;
	char event[EVENT_SIZE];

	log_finish(&monitor->log);
	collect_exit(monitor, &report);
	/* There is nobody to complain to; a reader sees a dead process and says `monitor lost`. */
	(void)state_write_exited(monitor->directory, monitor->plan, &report, &failure);
	clean_up(monitor);
	discard(monitor, &trash);
	give_up_container(monitor);
	event_exited(event, report.exit_code, report.signal, report.oom_killed);
	clients_send(&monitor->clients, FRAME_EXITED, event);
	monitor_flush(monitor);
	(void)trash_empty(&trash, &failure);
	trash_sweep(&trash);
}

static void report_failure(struct monitor *monitor, const struct failure *why)
{
	auto_free char *event = event_failed(why);

	if (event)
		clients_send(&monitor->clients, FRAME_FAILED, event);
	monitor_flush(monitor);
}

static void finish_failed(struct monitor *monitor, const struct failure *why)
{
	struct trash trash;
	struct failure ignored;

	clean_up(monitor);
	if (!monitor->plan->auto_remove)
		(void)state_write_failed(monitor->directory, why, &ignored);
	discard(monitor, &trash);
	give_up_container(monitor);
	report_failure(monitor, why);
	(void)trash_empty(&trash, &ignored);
	trash_sweep(&trash);
}

/* Unmaps a segment of the program that nobody writes: what is needed again comes from the file. */
static int drop_segments(struct dl_phdr_info *program, size_t size, void *data)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

	(void)size, (void)data;
	for (int i = 0; i < program->dlpi_phnum; i++) {
		const ElfW(Phdr) *segment = &program->dlpi_phdr[i];
		uintptr_t start = program->dlpi_addr + segment->p_vaddr;

		if (segment->p_type == PT_LOAD && !(segment->p_flags & PF_W))
			(void)madvise((void *)(start & ~(page - 1)),
				segment->p_memsz + (start & (page - 1)), MADV_DONTNEED);
	}
	return 1; /* a static program has no other objects */
}

/* What only the start needed goes back to the kernel: memory, and the pages of the program that
 * made the start. */
static void shrink(void)
{
	malloc_trim(0);
	dl_iterate_phdr(drop_segments, NULL);
}

static int prepare(
	struct monitor *monitor, const struct monitor_request *request, struct failure *out)
{
	struct client *client = clients_add(&monitor->clients, request->client);

	if (client)
		client->attached = request->attached;
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		return fail(out, errno, "monitor", "cannot become a subreaper");
	if (watch_signals(monitor, out) < 0)
		return -1;
	return lock_container(monitor, out);
}

void monitor_main(const struct monitor_request *request)
{
	struct monitor monitor = {.plan = request->plan,
		.directory = -1,
		.shared = {.netns = -1, .uplink = -1, .uplink_ready = -1},
		.network = {.uplink_keepalive = -1},
		.streams = {.input = -1, .outputs = {-1, -1}, .peer = -1},
		.log = {.fd = -1},
		.cgroup = -1,
		.signals = -1,
		.pidfd = -1};
	struct failure failure;

	clients_init(&monitor.clients);
	if (prepare(&monitor, request, &failure) < 0) {
		report_failure(&monitor, &failure);
		_exit(1);
	}
	if (start(&monitor, request, &failure) < 0) {
		finish_failed(&monitor, &failure);
		_exit(1);
	}
	event_started(monitor.started_event, sizeof(monitor.started_event), monitor.pid);
	clients_send(&monitor.clients, FRAME_STARTED, monitor.started_event);
	shrink();
	monitor_loop(&monitor);
	finish(&monitor);
	_exit(0);
}
