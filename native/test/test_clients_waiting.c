/* SPDX-License-Identifier: Apache-2.0 */
/* Who waits for a container to be started is connected to what it asked for; all else in that place
 * is nobody. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "check.h"
#include "clients_waiting.h"
#include "scope.h"

static char runtime[] = "/tmp/waiting-XXXXXX";
static char folder[64];

static int listen_as(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", folder, name);
	must(fd >= 0 && bind(fd, (const struct sockaddr *)&address, sizeof(address)) == 0 &&
		listen(fd, 8) == 0);
	return fd;
}

static bool is_there(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return access(path, F_OK) == 0;
}

static bool is_connected(int listener)
{
	int fd = accept(listener, NULL, NULL);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void drop_all(struct clients *clients)
{
	for (size_t i = 0; i < clients->count; i++)
		client_drop(&clients->items[i]);
	clients_sweep(clients);
}

static void connects(struct plan *plan)
{
	static const char *const odd[] = {"oe", "x.1", "o."};
	int all = listen_as("ioe.1"), err = listen_as("e.2"), events = listen_as(".3");
	int none[array_size(odd)];
	struct clients clients;
	size_t inputs = 0, outs = 0, errs = 0;

	close(listen_as("o.dead"));
	for (size_t i = 0; i < array_size(odd); i++)
		none[i] = listen_as(odd[i]);
	clients_init(&clients);
	clients_connect_waiting(&clients, plan);
	check(clients.count == 3);
	for (size_t i = 0; i < clients.count; i++) {
		inputs += clients.items[i].attached.input;
		outs += clients.items[i].attached.outputs[STREAM_STDOUT];
		errs += clients.items[i].attached.outputs[STREAM_STDERR];
	}
	check(inputs == (plan->open_stdin ? 1 : 0));
	check(outs == 1);
	check(errs == (plan->terminal ? 0 : 2));
	check(is_connected(all) && is_connected(err) && is_connected(events));
	check(!is_there("o.dead") && is_there("ioe.1"), "only what was left is taken away");
	for (size_t i = 0; i < array_size(odd); i++) {
		check(!is_connected(none[i]), odd[i]);
		close(none[i]);
	}
	drop_all(&clients);
	close(all);
	close(err);
	close(events);
	/* They are all dead now. */
	clients_connect_waiting(&clients, plan);
	check(clients.count == 0 && !is_there("ioe.1"));
	check(is_there("oe"), "what is no name of one who waits is left alone");
}

static void clear(void)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -rf '%s'", folder);
	must(system(command) == 0);
}

int main(void)
{
	struct plan plan = {.id = (char *)"abc", .runtime_dir = runtime};
	struct clients clients;

	must(mkdtemp(runtime) != NULL);
	snprintf(folder, sizeof(folder), "%s/containers", runtime);
	must(mkdir(folder, 0700) == 0);
	snprintf(folder, sizeof(folder), "%s/containers/abc.waiting", runtime);
	clients_init(&clients);
	clients_connect_waiting(&clients, &plan);
	check(clients.count == 0, "nobody waits");
	for (int i = 0; i < 4; i++) {
		must(mkdir(folder, 0700) == 0);
		plan.open_stdin = i & 1;
		plan.terminal = i & 2;
		connects(&plan);
		clear();
	}
	must(mkdir(folder, 0700) == 0);
	close(listen_as("o.1"));
	clients_connect_waiting(&clients, &plan);
	check(access(folder, F_OK) != 0, "an empty place is taken away");
	return failures > 0;
}
