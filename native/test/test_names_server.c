/* SPDX-License-Identifier: Apache-2.0 */
/* The name server as its monitors and containers meet it: registration, datagrams, connections. */
#include "helper.h"
#include "names_harness.h"

#define WEB NETWORK(NET1, "front", "172.18.0.2", "\"web\"")
#define DB NETWORK(NET1, "front", "172.18.0.3", "\"db\"")

static bool answers(const struct container *container, const char *name, const char *address)
{
	struct reply *reply = ask(container, name);
	struct in_addr expected;

	inet_pton(AF_INET, address, &expected);
	return reply->code == DNS_NOERROR && reply->answers == 1 &&
	       memcmp(reply->bytes + reply->size - 4, &expected, 4) == 0;
}

static bool fails(const struct container *container, const char *name)
{
	return ask(container, name)->code == DNS_SERVFAIL;
}

static bool is_closed(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0) <= 0;
}

static void test_registration(void)
{
	struct server server = start_server();
	struct container web = make_container(&server), db = make_container(&server);
	int other;

	check(enroll(&web, registration(1, false, "", WEB, ""), true) == 0);
	check(answers(&web, "web", "172.18.0.2") && fails(&web, "db"));
	check(enroll(&db, registration(2, false, "", DB, "\"w\":[\"web\"]"), true) == 0);
	check(answers(&web, "db.front", "172.18.0.3") && answers(&db, "w", "172.18.0.2"));

	/* Another network, by the same sockets. */
	check(enroll(&db, registration(2, false, "", NETWORK(NET2, "n", "10.0.0.1", "\"db\""), ""),
		      false) == 0);
	check(fails(&web, "db") && answers(&db, "db", "10.0.0.1") && fails(&db, "web"));

	/* Other sockets. */
	other = db.queries;
	db.queries = open_at("127.0.0.1", SOCK_DGRAM, 0);
	db.to_queries = name_of(db.queries);
	check(enroll(&db, registration(2, false, "", DB, ""), true) == 0);
	check(answers(&db, "web", "172.18.0.2"));
	close(other);

	/* Whoever goes takes the names along. The next question comes after the end was seen. */
	end_container(&db);
	for (int i = 0; i < 100 && !fails(&web, "db"); i++)
		usleep(1000);
	check(fails(&web, "db") && answers(&web, "web", "172.18.0.2"));
	end_container(&web);
	expect_end(&server);
}

static void test_refusals(void)
{
	struct server server = start_server();
	struct container good = make_container(&server);
	struct failure failure;
	char *large = calloc(1, 65537);
	int fds[3];

	check(enroll(&good, registration(1, false, "", WEB, ""), true) == 0);
	memset(large, ' ', 65536);
	for (int round = 0; round < 6; round++) {
		struct container bad = make_container(&server);
		char *text = registration(2, false, round == 3 ? "\"1.1.1.1\"" : "", DB, "");

		fds[0] = round == 4 ? bad.connections : bad.queries;
		fds[1] = round == 5 ? bad.queries : bad.connections;
		fds[2] = bad.connections;
		if (round == 0)
			check(names_register(bad.control, "{}", fds, 2, &failure) < 0);
		else if (round == 1) /* nothing to keep */
			check(names_register(bad.control, text, NULL, 0, &failure) < 0);
		else if (round == 2) /* what is kept goes with the rest of the message */
			check(helper_send(bad.control, large, 65536, fds, 2) == 0);
		else /* no socket for its own servers, or sockets of another kind */
			check(names_register(bad.control, text, fds, 2, &failure) < 0);
		check(is_closed(bad.control));
		check(answers(&good, "web", "172.18.0.2"));
		free(text);
		end_container(&bad);
	}
	free(large);
	end_container(&good);
	expect_end(&server);
}

static void test_malformed(void)
{
	struct server server = start_server();
	struct container web = make_container(&server);
	unsigned char packet[2048];
	struct reply *reply;
	uint64_t state = 7;

	check(enroll(&web, registration(1, false, "", WEB, ""), true) == 0);
	must(sendto(web.asking, "\xab\xcd\x28\0\0\1\0\0\0\0\0\0", 12, 0,
		     (struct sockaddr *)&web.to_queries, sizeof(web.to_queries)) == 12);
	reply = get_reply(&web);
	check(reply->id == 0xabcd && reply->code == DNS_NOTIMP && reply->size == 12);
	must(sendto(web.asking, packet, sizeof(packet), 0, (struct sockaddr *)&web.to_queries,
		     sizeof(web.to_queries)) == sizeof(packet));
	for (int round = 0; round < 3000; round++) {
		size_t size = (state >> 20) % 600;

		for (size_t i = 0; i < size; i++) {
			state = state * 6364136223846793005ULL + 1442695040888963407ULL;
			packet[i] = (unsigned char)(state >> 56);
		}
		(void)sendto(web.asking, packet, size, MSG_DONTWAIT,
			(struct sockaddr *)&web.to_queries, sizeof(web.to_queries));
	}
	/* Perhaps lost with so many others in the queue: asked from another socket, until heard. */
	close(web.asking);
	web.asking = open_at("127.0.0.1", SOCK_DGRAM, 0);
	for (int i = 0; i < 50; i++) {
		send_query(&web, 77, "web");
		if (!is_quiet(web.asking, 200))
			break;
	}
	check(get_reply(&web)->id == 77);
	end_container(&web);
	expect_end(&server);
}

static int dial(const struct container *container)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(connect(fd, (const struct sockaddr *)&container->to_connections,
		     sizeof(container->to_connections)) == 0);
	return fd;
}

static bool hears(int fd, uint16_t id)
{
	unsigned char bytes[512];
	ssize_t size;

	must(recv(fd, bytes, 2, MSG_WAITALL) == 2);
	size = dns_get16(bytes);
	return recv(fd, bytes, (size_t)size, MSG_WAITALL) == size && dns_get16(bytes) == id &&
	       dns_get16(bytes + 6) == 1;
}

static void test_connections(void)
{
	struct server server = start_server();
	struct container web = make_container(&server);
	unsigned char message[514];
	size_t size = make_query(message + 2, 5, "web", DNS_A);
	int fd, many[17];

	check(enroll(&web, registration(1, false, "", WEB, ""), true) == 0);
	dns_put16(message, (uint16_t)size);
	/* Byte by byte; then two at once. */
	fd = dial(&web);
	for (size_t i = 0; i < size + 2; i++)
		must(send(fd, message + i, 1, MSG_NOSIGNAL) == 1);
	check(hears(fd, 5));
	memcpy(message + 2 + size, message, size + 2);
	must(send(fd, message, 2 * (size + 2), MSG_NOSIGNAL) == (ssize_t)(2 * (size + 2)));
	check(hears(fd, 5) && hears(fd, 5));
	/* The answer comes after the end of the questions. */
	must(send(fd, message, size + 2, MSG_NOSIGNAL) > 0 && shutdown(fd, SHUT_WR) == 0);
	check(hears(fd, 5) && is_closed(fd));
	close(fd);

	/* Lengths that no question has, and what is no question. */
	fd = dial(&web);
	must(send(fd, "\0\0", 2, MSG_NOSIGNAL) == 2);
	check(is_closed(fd));
	close(fd);
	fd = dial(&web);
	must(send(fd, "\xff\xff....", 6, MSG_NOSIGNAL) == 6);
	check(is_closed(fd));
	close(fd);
	fd = dial(&web);
	must(send(fd, "\0\5abcde", 7, MSG_NOSIGNAL) == 7);
	check(is_closed(fd));
	close(fd);

	for (size_t i = 0; i < array_size(many); i++)
		many[i] = dial(&web);
	check(is_closed(many[16]));
	must(send(many[15], message, size + 2, MSG_NOSIGNAL) > 0);
	check(hears(many[15], 5));
	for (size_t i = 0; i < array_size(many); i++)
		close(many[i]);
	end_container(&web);
	expect_end(&server);
}

static void test_idle_connection(void)
{
	struct server server = start_server();
	struct container web = make_container(&server);
	double start = seconds();
	int fd;

	check(enroll(&web, registration(1, false, "", WEB, ""), true) == 0);
	fd = dial(&web);
	must(send(fd, "\0", 1, MSG_NOSIGNAL) == 1);
	check(is_closed(fd) && seconds() - start > 2.4);
	close(fd);
	end_container(&web);
	expect_end(&server);
}

static void test_death(void)
{
	struct server server = start_server();
	struct container web = make_container(&server);

	check(enroll(&web, registration(1, false, "", WEB, ""), true) == 0);
	kill(server.pid, SIGKILL);
	check(is_closed(web.control));
	must(waitpid(server.pid, NULL, 0) == server.pid);
	end_container(&web);
}

/* Found or started as monitors do it; this program is the server then. */
static void test_helper(void)
{
	struct failure failure;
	char runtime[128];
	int first, second;
	char byte;

	snprintf(runtime, sizeof(runtime), "%s/runtime", directory);
	first = helper_connect(runtime, "names", &failure);
	must(first >= 0);
	second = helper_connect(runtime, "names", &failure);
	must(second >= 0);
	close(first);
	check(recv(second, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	close(second);
	must(chdir(runtime) == 0);
	unlink("names.lock");
	unlink("names-" HELPER_PROTOCOL ".sock");
	must(rmdir(runtime) == 0);
}

static bool has_line(FILE *file, const char *expected)
{
	char line[256];

	rewind(file);
	while (fgets(line, sizeof(line), file))
		if (strcmp(line, expected) == 0)
			return true;
	printf("not in the status: %s", expected);
	return false;
}

/* What it gave up when it started. The filter is left out with sanitizers. */
static void test_confinement(bool sanitized)
{
	struct server server = start_server();
	int monitor = connect_to(&server);
	auto_fclose FILE *status = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)server.pid);
	status = fopen(path, "re");
	must(status);
	check(has_line(status, "CapPrm:\t0000000000000000\n"));
	check(has_line(status, "NoNewPrivs:\t1\n"));
	check(sanitized || has_line(status, "Seccomp:\t2\n"));
	close(monitor);
	expect_end(&server);
}

static void run(bool sanitized)
{
	write_resolv_conf("");
	port = 9;
	test_confinement(sanitized);
	test_registration();
	test_refusals();
	test_malformed();
	test_connections();
	test_death();
	if (!sanitized)
		return;
	test_idle_connection();
	test_helper();
}

int main(int argc, char **argv)
{
	return harness_main(argc, argv, run);
}
