/* SPDX-License-Identifier: Apache-2.0 */
/* From a container's packet to its answer. */
#include <string.h>
#include <sys/socket.h>

#include "names_server.h"
#include "scope.h"

/* A container that floods gets its turn like any other. */
enum { DATAGRAMS_PER_TURN = 16 };

/* Room for as many addresses as are ever answered. */
enum { ANSWER_SIZE = 12288 };

void names_reply(struct names_server *server, const struct names_origin *origin,
	const unsigned char *packet, size_t size)
{
	if (origin->stream) {
		names_stream_reply(server, origin->stream, packet, size);
		return;
	}
	/* Lost where the asker does not read: it asks again. */
	(void)sendto(origin->member->queries.fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL,
		(const struct sockaddr *)&origin->address, sizeof(origin->address));
}

bool names_serve_query(struct names_server *server, const struct names_origin *origin,
	const unsigned char *packet, size_t size)
{
	const struct names_registration *asker = origin->member->registration;
	unsigned char answer[ANSWER_SIZE];
	struct dns_query query;
	enum dns_verdict verdict = dns_read_query(packet, size, &query);
	size_t limit =
		origin->stream || query.udp_size > sizeof(answer) ? sizeof(answer) : query.udp_size;

	if (verdict == DNS_DROP)
		return false;
	if (verdict == DNS_REJECT) {
		size = dns_answer_empty(&query, answer, query.error);
	} else {
		size = names_answer(&server->table, asker, &query, answer, limit);
		/* What an internal network's container asks for must not reach the outside. */
		if (size == 0 && asker->forward && names_forward(server, origin, &query) == 0)
			return true;
		if (size == 0)
			size = dns_answer_empty(&query, answer, DNS_SERVFAIL);
	}
	names_reply(server, origin, answer, size);
	return true;
}

void names_take_datagrams(struct names_server *server, struct names_member *member)
{
	unsigned char packet[DNS_QUERY_MAX + 1];

	for (int i = 0; i < DATAGRAMS_PER_TURN; i++) {
		struct names_origin origin = {.member = member};
		socklen_t length = sizeof(origin.address);
		ssize_t got = recvfrom(member->queries.fd, packet, sizeof(packet), MSG_DONTWAIT,
			(struct sockaddr *)&origin.address, &length);

		if (got < 0)
			return;
		if (length == sizeof(origin.address))
			(void)names_serve_query(server, &origin, packet, (size_t)got);
	}
}
