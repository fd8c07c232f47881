/* SPDX-License-Identifier: Apache-2.0 */
#include "names_resolv.h"

#include <fcntl.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scope.h"

/* The C library takes no more of them; and no more of the file than any real one has. */
enum { SERVERS_MAX = 3, FILE_MAX = 16384 };

/* An interface by number or name. if_nametoindex opens sockets of kinds that the seccomp filter
 * does not know. */
static unsigned find_interface(const char *zone)
{
	struct ifreq request = {0};
	char *end;
	unsigned long number = strtoul(zone, &end, 10);

	if (*zone && !*end)
		return (unsigned)number;
	auto_close int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || strlen(zone) >= sizeof(request.ifr_name))
		return 0;
	memcpy(request.ifr_name, zone, strlen(zone) + 1);
	return ioctl(fd, SIOCGIFINDEX, &request) < 0 ? 0 : (unsigned)request.ifr_ifindex;
}

static int read_server(char *text, union names_address *ret)
{
	char *zone = strchr(text, '%');

	if (zone)
		*zone++ = '\0';
	if (names_parse_address(text, ret) < 0 || (zone && ret->any.sa_family != AF_INET6))
		return -1;
	if (zone)
		ret->v6.sin6_scope_id = find_interface(zone);
	return 0;
}

void names_resolv_parse(char *text, struct names_servers *ret)
{
	char *next_line = NULL;

	ret->count = 0;
	for (char *line = strtok_r(text, "\n", &next_line); line && ret->count < SERVERS_MAX;
		line = strtok_r(NULL, "\n", &next_line)) {
		char *rest = NULL;
		char *word = strtok_r(line, " \t\r", &rest);

		if (!word || strcmp(word, "nameserver") != 0)
			continue;
		word = strtok_r(NULL, " \t\r", &rest);
		if (word && read_server(word, &ret->items[ret->count]) == 0)
			ret->count++;
	}
}

static void read_file(struct names_resolv *resolv)
{
	/* Not on the stack, and only once: there is one thread. */
	static char text[FILE_MAX + 1];
	auto_close int fd = open(resolv->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t have = 0;
	ssize_t got;

	while (fd >= 0 && have < FILE_MAX &&
		(got = retry_eintr(read(fd, text + have, FILE_MAX - have))) > 0)
		have += (size_t)got;
	text[have] = '\0';
	names_resolv_parse(text, &resolv->servers);
}

const struct names_servers *names_resolv_servers(struct names_resolv *resolv)
{
	struct stat now = {0};

	if (stat(resolv->path, &now) < 0)
		now = (struct stat){0};
	if (now.st_ino == 0 || now.st_ino != resolv->seen.st_ino ||
		now.st_dev != resolv->seen.st_dev || now.st_size != resolv->seen.st_size ||
		now.st_mtim.tv_sec != resolv->seen.st_mtim.tv_sec ||
		now.st_mtim.tv_nsec != resolv->seen.st_mtim.tv_nsec) {
		read_file(resolv);
		resolv->seen = now;
	}
	if (resolv->servers.count == 0)
		resolv->servers.count =
			names_parse_address("127.0.0.1", &resolv->servers.items[0]) == 0;
	return &resolv->servers;
}
