/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "scope.h"

void clients_init(struct clients *clients)
{
	*clients = (struct clients){.directory = -1, .listener = -1};
}

static int open_directory(const struct plan *plan, struct failure *out)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/containers", plan->runtime_dir) >= (int)sizeof(path))
		return fail(out, ENAMETOOLONG, "socket", "cannot open %s", plan->runtime_dir);
	/* It is a cache: whoever needs it makes it. */
	if (mkdir(plan->runtime_dir, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, "socket", "cannot make %s", plan->runtime_dir);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, "socket", "cannot make %s", path);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return fail(out, errno, "socket", "cannot open %s", path);
	return fd;
}

int clients_listen(struct clients *clients, const struct plan *plan, struct failure *out)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int directory = open_directory(plan, out);
	auto_close int listener = -1;
	mode_t before;
	int result;

	if (directory < 0)
		return -1;
	snprintf(clients->name, sizeof(clients->name), "%s.sock", plan->id);
	/* Through the descriptor the address stays short, however long the directory's path is. */
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s", directory,
		clients->name);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener < 0)
		return fail(out, errno, "socket", "cannot make the control socket");
	/* Left by a monitor that was killed; the container's lock says that none lives. */
	unlinkat(directory, clients->name, 0);
	before = umask(0177);
	result = bind(listener, (const struct sockaddr *)&address, sizeof(address));
	umask(before);
	if (result < 0 || listen(listener, 64) < 0)
		return fail(out, errno, "socket", "cannot listen on the control socket");
	if (clients->listener >= 0)
		close(clients->listener);
	if (clients->directory >= 0)
		close(clients->directory);
	clients->listener = take_fd(&listener);
	clients->directory = take_fd(&directory);
	return 0;
}

void clients_unlisten(struct clients *clients)
{
	if (clients->directory >= 0) {
		unlinkat(clients->directory, clients->name, 0);
		close(clients->directory);
	}
	if (clients->listener >= 0)
		close(clients->listener);
	clients->directory = clients->listener = -1;
}

struct client *clients_add(struct clients *clients, int fd)
{
	struct client *items = NULL;
	int flags = fcntl(fd, F_GETFL);

	if (clients->count < CLIENTS_MAX && flags >= 0 &&
		fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0)
		items = reallocarray(clients->items, clients->count + 1, sizeof(*items));
	if (!items) {
		close(fd);
		return NULL;
	}
	clients->items = items;
	items[clients->count] = (struct client){.fd = fd};
	return &items[clients->count++];
}

struct client *clients_accept(struct clients *clients)
{
	auto_close int fd = accept4(clients->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
		peer.uid != geteuid())
		return NULL;
	return clients_add(clients, take_fd(&fd));
}

void client_drop(struct client *client)
{
	if (client->fd < 0)
		return;
	close(client->fd);
	client->fd = -1;
	client->input_pending = false;
	frame_reader_clear(&client->reader);
	frame_queue_clear(&client->queue);
}

/* A client that sent a signal and left at once is read all the same: the end of file drops it. */
static void deafen(struct client *client)
{
	client->deaf = true;
	frame_queue_clear(&client->queue);
}

void client_flush(struct client *client)
{
	if (client->fd >= 0 && frame_queue_flush(&client->queue, client->fd) < 0)
		deafen(client);
}

void client_send(struct client *client, enum frame_type type, const void *payload, size_t length)
{
	if (client->fd < 0 || client->deaf)
		return;
	if (frame_queue_add(&client->queue, type, payload, length) < 0)
		deafen(client);
	else
		client_flush(client);
}

void clients_send(struct clients *clients, enum frame_type type, const char *json)
{
	for (size_t i = 0; i < clients->count; i++)
		client_send(&clients->items[i], type, json, strlen(json));
}

void clients_output(struct clients *clients, int stream, const unsigned char *bytes, size_t length)
{
	for (size_t i = 0; i < clients->count; i++)
		if (clients->items[i].attached.outputs[stream])
			client_send(&clients->items[i],
				stream == STREAM_STDOUT ? FRAME_STDOUT : FRAME_STDERR, bytes,
				length);
}

bool clients_blocked(const struct clients *clients, int stream)
{
	for (size_t i = 0; i < clients->count; i++)
		if (clients->items[i].fd >= 0 && clients->items[i].attached.outputs[stream] &&
			frame_queue_size(&clients->items[i].queue) > 0)
			return true;
	return false;
}

bool clients_sweep(struct clients *clients)
{
	size_t kept = 0;
	bool fed = false;

	for (size_t i = 0; i < clients->count; i++) {
		struct client *client = &clients->items[i];

		if (client->leaving && frame_queue_size(&client->queue) == 0)
			client_drop(client);
	}
	for (size_t i = 0; i < clients->count; i++)
		if (clients->items[i].fd >= 0)
			clients->items[kept++] = clients->items[i];
		else
			fed = fed || clients->items[i].attached.input;
	clients->count = kept;
	if (kept == 0) {
		free(clients->items);
		clients->items = NULL;
	}
	return fed;
}
