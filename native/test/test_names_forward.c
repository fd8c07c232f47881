/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that the name server hands on, against servers that the test plays itself: whose
 * answers are believed, who is asked next, what happens when nobody answers. */
#include "names_harness.h"

#define ONE NETWORK(NET1, "front", "172.18.0.2", "\"web\"")

/* A question as it reached a server. */
struct asked {
	unsigned char bytes[2048];
	ssize_t size;
	struct sockaddr_in from;
};

static int first, second;

static const struct asked *get_question(int server)
{
	static struct asked asked;
	socklen_t length = sizeof(asked.from);

	asked.size = recvfrom(server, asked.bytes, sizeof(asked.bytes), 0,
		(struct sockaddr *)&asked.from, &length);
	must(asked.size >= DNS_HEADER);
	return &asked;
}

/* Answers with a code, and `size` further bytes that are called `records`. */
static void answer(int server, const struct asked *asked, int code, size_t size, unsigned records)
{
	static unsigned char bytes[65535];

	memcpy(bytes, asked->bytes, (size_t)asked->size);
	bytes[2] |= 0x80;
	bytes[3] = (unsigned char)(0x80 | code);
	dns_put16(bytes + 6, (uint16_t)records);
	for (size_t i = 0; i < size; i += 16)
		memcpy(bytes + asked->size + i, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
	(void)sendto(server, bytes, (size_t)asked->size + size, 0,
		(const struct sockaddr *)&asked->from, sizeof(asked->from));
}

static struct container make_asker(const struct server *server)
{
	struct container made = make_container(server);

	check(enroll(&made, registration(1, true, "", ONE, ""), true) == 0);
	return made;
}

static void test_answers(const struct server *server)
{
	struct container box = make_asker(server);
	struct asked asked, wrong;
	struct reply *reply;
	uint16_t port_before = 0, id_before = 0;
	unsigned same = 0;

	for (uint16_t id = 100; id < 108; id++) {
		send_query(&box, id, "Example.org");
		asked = *get_question(first);
		same += asked.from.sin_port == port_before;
		same += dns_get16(asked.bytes) == id_before || dns_get16(asked.bytes) == id;
		port_before = asked.from.sin_port;
		id_before = dns_get16(asked.bytes);
		/* Another number, another question, another sender, a question: not believed. */
		wrong = asked;
		wrong.bytes[0] ^= 1;
		answer(first, &wrong, 0, 16, 1);
		wrong = asked;
		wrong.bytes[DNS_HEADER + 1] = 'f';
		answer(first, &wrong, 0, 16, 1);
		answer(second, &asked, 0, 16, 1);
		sendto(first, asked.bytes, (size_t)asked.size, 0, (struct sockaddr *)&asked.from,
			sizeof(asked.from));
		check(is_quiet(box.asking, 5));
		answer(first, &asked, 3, 32, 2);
		reply = get_reply(&box);
		check(reply->id == id && reply->code == 3 && reply->answers == 2);
		check(reply->size == asked.size + 32);
		check(memcmp(reply->bytes + DNS_HEADER + 1, "Example", 7) == 0);
	}
	/* Ports and numbers are drawn: one of them may come twice. */
	check(same < 3);
	end_container(&box);
}

static void test_next_server(const struct server *server)
{
	struct container box = make_asker(server);
	double start = seconds();

	for (int code = DNS_SERVFAIL; code <= DNS_REFUSED; code += DNS_REFUSED - DNS_SERVFAIL) {
		send_query(&box, 1, "example.org");
		answer(first, get_question(first), code, 0, 0);
		answer(second, get_question(second), 0, 16, 1);
		check(get_reply(&box)->answers == 1);
	}
	/* The last one's word counts. */
	send_query(&box, 2, "example.org");
	answer(first, get_question(first), DNS_SERVFAIL, 0, 0);
	answer(second, get_question(second), DNS_REFUSED, 0, 0);
	check(get_reply(&box)->code == DNS_REFUSED);
	check(seconds() - start < 0.5);

	/* Silence: a fourth of two seconds, and of four. */
	start = seconds();
	send_query(&box, 3, "example.org");
	(void)get_question(first);
	answer(second, get_question(second), 0, 16, 1);
	check(get_reply(&box)->answers == 1 && seconds() - start >= 0.49);
	start = seconds();
	send_query(&box, 4, "example.org");
	(void)get_question(first);
	(void)get_question(second);
	check(get_reply(&box)->code == DNS_SERVFAIL);
	check(seconds() - start >= 0.99 && seconds() - start < 5);
	end_container(&box);
}

static void test_resolv_conf(const struct server *server)
{
	struct container box = make_asker(server);

	write_resolv_conf("nameserver " SECOND "\n");
	send_query(&box, 1, "example.org");
	answer(second, get_question(second), 0, 16, 1);
	check(get_reply(&box)->answers == 1);
	/* One server that lost the question is asked again. */
	send_query(&box, 2, "example.org");
	(void)get_question(second);
	answer(second, get_question(second), 0, 16, 1);
	check(get_reply(&box)->answers == 1);
	/* Nobody there: known at once. */
	write_resolv_conf("nameserver 127.0.0.3\n");
	send_query(&box, 3, "example.org");
	check(get_reply(&box)->code == DNS_SERVFAIL);
	/* The local one, when there is none. */
	write_resolv_conf("search example.org\n");
	send_query(&box, 4, "example.org");
	answer(first, get_question(first), 0, 16, 1);
	check(get_reply(&box)->answers == 1);
	write_resolv_conf("nameserver " FIRST "\nnameserver " SECOND "\n");
	end_container(&box);
}

static void test_internal(const struct server *server)
{
	struct container box = make_container(server);

	check(enroll(&box, registration(1, false, "", ONE, ""), true) == 0);
	check(ask(&box, "secret.example.org")->code == DNS_SERVFAIL);
	check(is_quiet(first, 20));
	end_container(&box);
}

/* More than the asker's 512 bytes: what fits, and a mark. */
static void test_truncated(const struct server *server)
{
	struct container box = make_asker(server);
	struct reply *reply;

	send_query(&box, 1, "example.org");
	answer(first, get_question(first), 0, 1600, 100);
	reply = get_reply(&box);
	check(reply->size <= 512 && reply->answers == 30 && (reply->bytes[2] & 2));
	end_container(&box);
}

static void test_limit(const struct server *server)
{
	struct container box = make_asker(server), other = make_asker(server);

	for (uint16_t id = 0; id < 101; id++) {
		send_query(&box, id, "example.org");
		if (id < 100)
			(void)get_question(first);
	}
	check(get_reply(&box)->id == 100);
	/* Not the other container's trouble. */
	send_query(&other, 1, "example.org");
	answer(first, get_question(first), 0, 16, 1);
	check(get_reply(&other)->answers == 1);
	end_container(&box);
	end_container(&other);
	/* Those who ask for the first one may come once more. */
	while (!is_quiet(second, 50))
		(void)get_question(second);
	while (!is_quiet(first, 50))
		(void)get_question(first);
}

static int dial(const struct container *box)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(connect(fd, (const struct sockaddr *)&box->to_connections,
		     sizeof(box->to_connections)) == 0);
	return fd;
}

static void send_stream_query(int fd, uint16_t id)
{
	unsigned char message[514];
	size_t size = make_query(message + 2, id, "example.org", DNS_A);

	dns_put16(message, (uint16_t)size);
	must(send(fd, message, size + 2, MSG_NOSIGNAL) == (ssize_t)size + 2);
}

static struct reply *get_stream_reply(int fd)
{
	static struct reply reply;
	unsigned char length[2];

	reply.size = -1;
	if (recv(fd, length, 2, MSG_WAITALL) == 2)
		reply.size = recv(fd, reply.bytes, dns_get16(length), MSG_WAITALL);
	read_reply(&reply);
	return &reply;
}

/* Takes a question at a listening socket and answers it with `records`. */
static void answer_stream(int listener, unsigned records)
{
	static unsigned char bytes[65537];
	unsigned char *at = bytes + 2;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	size_t size;

	must(fd >= 0 && recv(fd, bytes, 2, MSG_WAITALL) == 2);
	size = dns_get16(bytes);
	must(recv(fd, at, size, MSG_WAITALL) == (ssize_t)size);
	at[2] |= 0x80;
	dns_put16(at + 6, (uint16_t)records);
	for (unsigned i = 0; i < records; i++, size += 16)
		memcpy(at + size, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
	dns_put16(bytes, (uint16_t)size);
	/* In pieces. */
	must(send(fd, bytes, 1, MSG_NOSIGNAL) == 1);
	usleep(2000);
	must(send(fd, bytes + 1, 30, MSG_NOSIGNAL) == 30);
	usleep(2000);
	must(send(fd, bytes + 31, size - 29, MSG_NOSIGNAL) == (ssize_t)size - 29);
	close(fd);
}

static void test_streams(const struct server *server)
{
	int listener = open_at(FIRST, SOCK_STREAM, port), fd, closed;
	struct container box = make_asker(server);
	struct reply *reply;

	fd = dial(&box);
	for (uint16_t id = 7; id < 10; id++) {
		send_stream_query(fd, id);
		answer_stream(listener, 4000);
		reply = get_stream_reply(fd);
		check(reply->id == id && reply->answers == 4000 && reply->size > 64000);
	}
	/* Whoever asks and goes leaves nothing behind. */
	closed = dial(&box);
	send_stream_query(closed, 1);
	close(closed);
	/* No server at all speaks it. */
	close(listener);
	send_stream_query(fd, 11);
	reply = get_stream_reply(fd);
	check(reply->id == 11 && reply->code == DNS_SERVFAIL);
	close(fd);
	end_container(&box);
}

/* Through the container's own sockets to its own servers, whatever the host's are. */
static void test_own_servers(const struct server *server)
{
	int listener = open_at(SECOND, SOCK_STREAM, port), fd;
	struct container box = make_container(server);
	struct asked asked, later;
	in_port_t old_port;
	int fds[] = {box.queries, box.connections, socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0),
		socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	char *text = registration(1, true, "\"" SECOND "\",\"" FIRST "\"", ONE, "");
	struct failure failure;

	check(names_register(box.control, text, fds, 4, &failure) == 0);
	close(fds[2]);
	close(fds[3]);
	free(text);
	send_query(&box, 1, "example.org");
	asked = *get_question(second);
	/* A stranger's answer, then the second server's to the first one's question. */
	answer(first, &asked, 0, 16, 1);
	check(is_quiet(box.asking, 20));
	answer(second, &asked, DNS_SERVFAIL, 0, 0);
	answer(first, get_question(first), 0, 16, 1);
	check(get_reply(&box)->answers == 1);
	/* The next question, from another port. */
	old_port = asked.from.sin_port;
	/* Two at a time through one socket, answered in the other order. */
	send_query(&box, 2, "a.example.org");
	send_query(&box, 3, "b.example.org");
	asked = *get_question(second);
	later = *get_question(second);
	check(asked.from.sin_port == later.from.sin_port && asked.from.sin_port != old_port);
	answer(second, &later, 0, 16, 1);
	check(get_reply(&box)->id == 3);
	answer(second, &asked, 0, 16, 1);
	check(get_reply(&box)->id == 2);

	fd = dial(&box);
	for (uint16_t id = 4; id < 7; id++) {
		send_stream_query(fd, id);
		answer_stream(listener, 100);
		check(get_stream_reply(fd)->answers == 100);
	}
	close(fd);
	close(listener);
	end_container(&box);
}

static void run(bool sanitized)
{
	struct server server;
	int keep, descriptors;

	(void)sanitized;
	port = choose_port();
	first = open_at(FIRST, SOCK_DGRAM, port);
	second = open_at(SECOND, SOCK_DGRAM, port);
	write_resolv_conf("nameserver " FIRST "\nnameserver " SECOND "\n");
	server = start_server();
	keep = connect_to(&server);
	descriptors = count_descriptors(&server);
	test_answers(&server);
	test_next_server(&server);
	test_resolv_conf(&server);
	test_internal(&server);
	test_truncated(&server);
	test_limit(&server);
	test_streams(&server);
	test_own_servers(&server);
	/* All is closed, once the server has seen the last one go. */
	for (int i = 0; i < 200 && count_descriptors(&server) != descriptors; i++)
		usleep(10000);
	check(count_descriptors(&server) == descriptors);
	close(keep);
	expect_end(&server);
	close(first);
	close(second);
}

int main(int argc, char **argv)
{
	return harness_main(argc, argv, run);
}
