/* SPDX-License-Identifier: Apache-2.0 */
#include "helper.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "helper_record.h"
#include "scope.h"
#include "systemd_scope.h"

#define STEP "helper"
#define GREETING_MS 5000
#define BACKLOG 64

enum { VERSION_MAX = 32 };

/* Socket names have 108 bytes: the directory is named by a descriptor. */
static int name_socket(struct sockaddr_un *address, int directory, const char *name)
{
	int length;

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	length = snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s",
		directory, name);
	if (length < 0 || (size_t)length >= sizeof(address->sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return 0;
}

static bool is_own(int socket)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
	       peer.uid == geteuid();
}

/* Connects and waits for the greeting, which is the server's version. Returns the socket; -1 where
 * no server lives. */
static int try_connect(int directory, const char *file, char version[VERSION_MAX])
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct pollfd event;
	ssize_t size;

	if (fd < 0 || name_socket(&address, directory, file) < 0 ||
		connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || !is_own(fd))
		return -1;
	event = (struct pollfd){.fd = fd, .events = POLLIN};
	if (retry_eintr(poll(&event, 1, GREETING_MS)) <= 0)
		return -1;
	size = recv(fd, version, VERSION_MAX - 1, 0);
	if (size < 1)
		return -1;
	version[size] = '\0';
	return take_fd(&fd);
}

static bool is_older(const char *version)
{
	return strverscmp(version, LIGHTER_VERSION) < 0;
}

/* A socket that takes the place of a dead or an older server's in one step. */
static int listen_at(int directory, const char *file)
{
	auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	char draft[96];

	snprintf(draft, sizeof(draft), "%s.%d", file, (int)getpid());
	(void)unlinkat(directory, draft, 0);
	if (fd < 0 || name_socket(&address, directory, draft) < 0 ||
		bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	if (fchmodat(directory, draft, 0600, 0) < 0 || listen(fd, BACKLOG) < 0 ||
		renameat(directory, draft, directory, file) < 0) {
		(void)unlinkat(directory, draft, 0);
		return -1;
	}
	return take_fd(&fd);
}

/* Undoes the escapes of mountinfo: a backslash and three octal digits. */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; to++) {
		bool escaped = text[0] == '\\' && text[1] && text[2] && text[3];

		*to = escaped ? (char)((text[1] - '0') << 6 | (text[2] - '0') << 3 |
					(text[3] - '0'))
			      : text[0];
		text += escaped ? 4 : 1;
	}
	*to = '\0';
}

void helper_leave_root_file_system(void)
{
	static const char end[] = "/bundle/rootfs";
	auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[8192], path[4096];

	if (!mounts || unshare(CLONE_NEWNS) < 0 ||
		mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return;
	while (fgets(line, sizeof(line), mounts)) {
		size_t length;

		if (sscanf(line, "%*d %*d %*s %*s %4095s", path) != 1)
			continue;
		unescape(path);
		length = strlen(path);
		if (length >= sizeof(end) && strcmp(path + length - sizeof(end) + 1, end) == 0)
			(void)umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	}
}

static void server_main(int listener, int lock, const char *name) __attribute__((noreturn));

/* Everything of the container that happened to start it is left behind: streams, locks, session. */
static void server_main(int listener, int lock, const char *name)
{
	char *arguments[] = {(char[]){"lighter-native"}, (char *)name, NULL};
	char *environment[] = {NULL};
	struct failure ignored;
	char scope[64];
	sigset_t none;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	helper_record_note(lock);
	listener = fcntl(listener, F_DUPFD_CLOEXEC, 16);
	for (int i = 0; i < 3; i++)
		if (dup2(null, i) < 0)
			_exit(1);
	if (dup2(listener, HELPER_LISTENER) < 0 ||
		syscall(SYS_close_range, HELPER_LISTENER + 1, ~0U, 0) < 0 || chdir("/") < 0)
		_exit(1);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	helper_leave_root_file_system();
	snprintf(scope, sizeof(scope), "%s-%d", name, (int)getpid());
	/* Refused inside the shared user namespace: then it lives where its starter does, and
	 * another one is started when it goes with it. */
	(void)systemd_scope_enter(scope, "network of lighter's containers", NULL, &ignored);
	execve("/proc/self/exe", arguments, environment);
	_exit(127);
}

/* Forked twice: it is nobody's child. */
static int spawn(int listener, int lock, const char *name)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		if (setsid() < 0)
			_exit(1);
		pid = fork();
		if (pid == 0)
			server_main(listener, lock, name);
		_exit(pid < 0);
	}
	if (retry_eintr(waitpid(pid, &status, 0)) != pid || !WIFEXITED(status) ||
		WEXITSTATUS(status) != 0) {
		errno = EAGAIN;
		return -1;
	}
	return 0;
}

/* One of an older version hands over: its members come to the new one, whose socket has the name.
 */
static int start_server(int directory, const char *file, const char *name, struct failure *out)
{
	char path[64], version[VERSION_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s.lock", name);
	auto_close int lock =
		openat(directory, path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (lock < 0 || retry_eintr(flock(lock, LOCK_EX)) < 0)
		return fail(out, errno, STEP, "cannot lock %s", path);
	auto_close int found = try_connect(directory, file, version);

	/* Another start was first. */
	if (found >= 0 && !is_older(version))
		return take_fd(&found);
	/* One that lives and does not answer might go on later, beside the next one: each would
	 * know other containers. */
	if (found < 0 && helper_record_end(lock) < 0)
		return fail(
			out, errno, STEP, "cannot end the server '%s', which has stalled", name);
	auto_close int listener = listen_at(directory, file);

	if (listener < 0 || spawn(listener, lock, name) < 0)
		return found >= 0 ? take_fd(&found)
				  : fail(out, errno, STEP, "cannot start the server '%s'", name);
	fd = try_connect(directory, file, version);
	if (found >= 0)
		(void)helper_retire(found);
	return fd >= 0 ? fd : fail(out, 0, STEP, "the server '%s' does not answer", name);
}

int helper_connect(const char *runtime_dir, const char *name, struct failure *out)
{
	char file[64], version[VERSION_MAX];

	snprintf(file, sizeof(file), "%s-%s.sock", name, HELPER_PROTOCOL);
	if (mkdir(runtime_dir, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, STEP, "cannot make %s", runtime_dir);
	auto_close int directory = open(runtime_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (directory < 0)
		return fail(out, errno, STEP, "cannot open %s", runtime_dir);
	auto_close int fd = try_connect(directory, file, version);

	if (fd >= 0 && !is_older(version))
		return take_fd(&fd);
	return start_server(directory, file, name, out);
}

int helper_accept(int listener)
{
	auto_close int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return -1;
	if (!is_own(fd) || send(fd, LIGHTER_VERSION, strlen(LIGHTER_VERSION), MSG_NOSIGNAL) < 1) {
		errno = EAGAIN;
		return -1;
	}
	return take_fd(&fd);
}
