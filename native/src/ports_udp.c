/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "scope.h"

/* Datagrams taken at once, and the largest there are. */
#define BATCH 16
#define DATAGRAM_MAX 65536

/* As conntrack does it: a flow is assured once the client goes on after an answer. */
#define IDLE_MS 30000
#define ASSURED_IDLE_MS 180000
#define FLOWS_MAX 2048

/* The address of the host that was asked is the source of the answers. */
union local_address {
	struct in_pktinfo v4;
	struct in6_pktinfo v6;
};

struct ports_flow {
	struct ports_watch watch;
	int fd;
	struct ports_listener *listener;
	union ports_address client;
	union local_address local;
	int64_t used;
	bool answered, assured;
	uint32_t hash;
	struct ports_flow *bucket_next, *older, *newer;
};

/* Datagrams, each with where it came from. One set serves all: nothing stays in it. */
static struct {
	struct mmsghdr headers[BATCH];
	struct iovec parts[BATCH];
	union ports_address names[BATCH];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(union local_address))];
	} controls[BATCH];
	unsigned char data[BATCH][DATAGRAM_MAX];
} batch;

int ports_prepare_datagrams(const struct ports_listener *listener)
{
	const int on = 1;
	int domain = 0;
	socklen_t size = sizeof(domain);

	if (getsockopt(listener->fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) < 0)
		return -1;
	return domain == AF_INET
		       ? setsockopt(listener->fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on))
		       : setsockopt(listener->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

/* --- flows --- */

static uint32_t mix(uint32_t hash, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x01000193;
	return hash;
}

/* All flows of a client are in one bucket, whatever they ask. */
static uint32_t hash_of(const struct ports *ports, const union ports_address *client)
{
	/* sin_port and sin6_port are the same two bytes. */
	uint32_t hash =
		mix(ports->seed ^ 0x811c9dc5, &client->v4.sin_port, sizeof(client->v4.sin_port));

	if (client->any.sa_family == AF_INET)
		return mix(hash, &client->v4.sin_addr, sizeof(client->v4.sin_addr));
	return mix(hash, &client->v6.sin6_addr, sizeof(client->v6.sin6_addr));
}

static bool is_same_address(const union ports_address *one, const union ports_address *other)
{
	if (one->any.sa_family != other->any.sa_family || one->v4.sin_port != other->v4.sin_port)
		return false;
	if (one->any.sa_family == AF_INET)
		return one->v4.sin_addr.s_addr == other->v4.sin_addr.s_addr;
	return memcmp(&one->v6.sin6_addr, &other->v6.sin6_addr, sizeof(one->v6.sin6_addr)) == 0 &&
	       one->v6.sin6_scope_id == other->v6.sin6_scope_id;
}

static struct ports_flows *list_of(const struct ports_flow *flow)
{
	struct ports_member *member = flow->listener->member;

	return flow->assured ? &member->assured : &member->asked;
}

static void unlink_flow(struct ports_flow *flow)
{
	struct ports_flows *list = list_of(flow);

	*(flow->older ? &flow->older->newer : &list->oldest) = flow->newer;
	*(flow->newer ? &flow->newer->older : &list->newest) = flow->older;
}

static void append_flow(struct ports_flow *flow)
{
	struct ports_flows *list = list_of(flow);

	flow->newer = NULL;
	flow->older = list->newest;
	*(list->newest ? &list->newest->newer : &list->oldest) = flow;
	list->newest = flow;
}

static void touch(struct ports *ports, struct ports_flow *flow, bool assured)
{
	unlink_flow(flow);
	flow->used = ports->now;
	flow->assured = assured;
	append_flow(flow);
}

static void end_flow(struct ports *ports, struct ports_flow *flow)
{
	struct ports_flow **slot = &ports->buckets[flow->hash % PORTS_BUCKETS];

	while (*slot != flow)
		slot = &(*slot)->bucket_next;
	*slot = flow->bucket_next;
	unlink_flow(flow);
	flow->listener->member->flow_count--;
	ports->flow_count--;
	ports_close(ports, flow->fd);
	ports_discard(ports, &flow->watch);
}

void ports_end_flows(
	struct ports *ports, struct ports_member *member, const struct ports_listener *listener)
{
	struct ports_flows *const lists[] = {&member->asked, &member->assured};

	for (size_t i = 0; i < array_size(lists); i++)
		for (struct ports_flow *flow = lists[i]->oldest, *newer; flow; flow = newer) {
			newer = flow->newer;
			if (!listener || flow->listener == listener)
				end_flow(ports, flow);
		}
}

void ports_expire_flows(struct ports *ports)
{
	for (struct ports_member *member = ports->members; member; member = member->next) {
		while (member->asked.oldest && member->asked.oldest->used + IDLE_MS < ports->now)
			end_flow(ports, member->asked.oldest);
		while (member->assured.oldest &&
			member->assured.oldest->used + ASSURED_IDLE_MS < ports->now)
			end_flow(ports, member->assured.oldest);
	}
}

static void make_room(struct ports *ports, struct ports_member *member)
{
	if (member->flow_count < FLOWS_MAX && ports_has_room(ports, 1))
		return;
	if (member->asked.oldest)
		end_flow(ports, member->asked.oldest);
	else if (member->assured.oldest)
		end_flow(ports, member->assured.oldest);
}

/* --- from the container to the client --- */

static void prepare_batch(bool with_names)
{
	for (size_t i = 0; i < BATCH; i++) {
		batch.parts[i] = (struct iovec){batch.data[i], DATAGRAM_MAX};
		batch.headers[i].msg_hdr = (struct msghdr){.msg_iov = &batch.parts[i],
			.msg_iovlen = 1,
			.msg_name = with_names ? &batch.names[i] : NULL,
			.msg_namelen = with_names ? sizeof(batch.names[i]) : 0,
			.msg_control = with_names ? batch.controls[i].bytes : NULL,
			.msg_controllen = with_names ? sizeof(batch.controls[i].bytes) : 0};
	}
}

static void put_local(struct msghdr *header, const struct ports_flow *flow)
{
	bool is4 = flow->client.any.sa_family == AF_INET;
	size_t size = is4 ? sizeof(flow->local.v4) : sizeof(flow->local.v6);
	struct cmsghdr *item;

	header->msg_controllen = CMSG_SPACE(size);
	item = CMSG_FIRSTHDR(header);
	item->cmsg_level = is4 ? IPPROTO_IP : IPPROTO_IPV6;
	item->cmsg_type = is4 ? IP_PKTINFO : IPV6_PKTINFO;
	item->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(item), &flow->local, size);
}

/* What cannot be sent now is lost, as datagrams may be. */
static void send_all(int fd, size_t first, size_t count)
{
	while (count > 0) {
		int sent = sendmmsg(fd, &batch.headers[first], (unsigned)count, MSG_DONTWAIT);

		if (sent < 0 && errno == EINTR)
			continue;
		/* An error is of one datagram, or was left by one before. */
		first += sent > 0 ? (size_t)sent : 1;
		count -= sent > 0 ? (size_t)sent : 1;
	}
}

static void answer(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	struct ports_flow *flow = watch->owner;
	int count;

	(void)events;
	prepare_batch(false);
	count = recvmmsg(flow->fd, batch.headers, BATCH, MSG_DONTWAIT, NULL);
	/* Nobody listens at that port: the client sees no answer, and may ask again. */
	if (count <= 0)
		return;
	for (int i = 0; i < count; i++) {
		struct msghdr *header = &batch.headers[i].msg_hdr;

		batch.parts[i].iov_len = batch.headers[i].msg_len;
		header->msg_name = &flow->client;
		header->msg_namelen = ports_address_size(&flow->client);
		header->msg_control = batch.controls[i].bytes;
		header->msg_flags = 0;
		put_local(header, flow);
	}
	flow->answered = true;
	touch(ports, flow, flow->assured);
	send_all(flow->listener->fd, 0, (size_t)count);
}

/* --- from the client to the container --- */

static bool read_local(struct msghdr *header, union local_address *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (struct cmsghdr *item = CMSG_FIRSTHDR(header); item; item = CMSG_NXTHDR(header, item)) {
		if (item->cmsg_level == IPPROTO_IP && item->cmsg_type == IP_PKTINFO) {
			memcpy(&ret->v4, CMSG_DATA(item), sizeof(ret->v4));
			/* The way back is the routing table's business. */
			ret->v4.ipi_ifindex = 0;
			return true;
		}
		if (item->cmsg_level == IPPROTO_IPV6 && item->cmsg_type == IPV6_PKTINFO) {
			memcpy(&ret->v6, CMSG_DATA(item), sizeof(ret->v6));
			if (!IN6_IS_ADDR_LINKLOCAL(&ret->v6.ipi6_addr))
				ret->v6.ipi6_ifindex = 0;
			return true;
		}
	}
	return false;
}

/* Whether a flow of the same client leads to the same port of the container, by another port or
 * address of the host: the container could not tell the two apart. */
static bool has_twin(const struct ports *ports, const struct ports_listener *listener,
	const union ports_address *client, uint32_t hash)
{
	const struct ports_flow *flow = ports->buckets[hash % PORTS_BUCKETS];

	while (flow && (!is_same_address(&flow->client, client) ||
			       !is_same_address(&flow->listener->target, &listener->target)))
		flow = flow->bucket_next;
	return flow;
}

static struct ports_flow *add_flow(struct ports *ports, struct ports_listener *listener,
	const union ports_address *client, const union local_address *local, uint32_t hash)
{
	union ports_address source = *client;
	struct ports_flow *flow;

	make_room(ports, listener->member);
	flow = calloc(1, sizeof(*flow));
	if (!flow)
		return NULL;
	if (has_twin(ports, listener, client, hash))
		source.v4.sin_port = 0;
	flow->fd = ports_dial(ports, SOCK_DGRAM, listener, &source);
	flow->watch = (struct ports_watch){answer, flow, NULL};
	if (flow->fd < 0 || ports_watch(ports, flow->fd, &flow->watch, EPOLLIN) < 0) {
		scope_close(&flow->fd);
		free(flow);
		return NULL;
	}
	flow->listener = listener;
	flow->client = *client;
	flow->local = *local;
	flow->used = ports->now;
	flow->hash = hash;
	flow->bucket_next = ports->buckets[hash % PORTS_BUCKETS];
	ports->buckets[hash % PORTS_BUCKETS] = flow;
	append_flow(flow);
	listener->member->flow_count++;
	ports->flow_count++;
	return flow;
}

static struct ports_flow *flow_of(
	struct ports *ports, struct ports_listener *listener, size_t index)
{
	const union ports_address *client = &batch.names[index];
	uint32_t hash = hash_of(ports, client);
	struct ports_flow *flow = ports->buckets[hash % PORTS_BUCKETS];
	union local_address local;

	if (!read_local(&batch.headers[index].msg_hdr, &local))
		return NULL;
	while (flow && (flow->listener != listener || !is_same_address(&flow->client, client) ||
			       memcmp(&flow->local, &local, sizeof(local)) != 0))
		flow = flow->bucket_next;
	return flow ? flow : add_flow(ports, listener, client, &local, hash);
}

void ports_receive(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	struct ports_listener *listener = watch->owner;
	struct ports_flow *flows[BATCH];
	int count;

	(void)events;
	prepare_batch(true);
	count = recvmmsg(listener->fd, batch.headers, BATCH, MSG_DONTWAIT, NULL);
	for (int i = 0; i < count; i++) {
		flows[i] = flow_of(ports, listener, (size_t)i);
		batch.parts[i].iov_len = batch.headers[i].msg_len;
		batch.headers[i].msg_hdr.msg_name = NULL;
		batch.headers[i].msg_hdr.msg_namelen = 0;
		batch.headers[i].msg_hdr.msg_control = NULL;
		batch.headers[i].msg_hdr.msg_controllen = 0;
		batch.headers[i].msg_hdr.msg_flags = 0;
	}
	for (int i = 0, end; i < count; i = end) {
		for (end = i + 1; end < count && flows[end] == flows[i];)
			end++;
		/* Ended again by one of the same batch, where there is no room. */
		if (!flows[i] || !flows[i]->watch.ready)
			continue;
		touch(ports, flows[i], flows[i]->answered);
		send_all(flows[i]->fd, (size_t)i, (size_t)(end - i));
	}
}
