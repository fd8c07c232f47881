/* SPDX-License-Identifier: Apache-2.0 */
/* As much of the D-Bus wire protocol as one method call to systemd needs. No D-Bus library is to be
 * had as a static archive. Source: the D-Bus specification, "Message Protocol" and "Authentication
 * Protocol". */
#ifndef LIGHTER_DBUS_H
#define LIGHTER_DBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

enum dbus_type { DBUS_CALL = 1, DBUS_REPLY = 2, DBUS_ERROR = 3, DBUS_SIGNAL = 4 };

/* A growing message body. Appending to a buffer that once ran out of memory does nothing: check
 * `broken` at the end. */
struct dbus_buffer {
	uint8_t *bytes;
	size_t length, capacity;
	bool broken;
};

void dbus_put_align(struct dbus_buffer *buffer, size_t alignment);
void dbus_put_byte(struct dbus_buffer *buffer, uint8_t value);
void dbus_put_u32(struct dbus_buffer *buffer, uint32_t value);
void dbus_put_u64(struct dbus_buffer *buffer, uint64_t value);
void dbus_put_string(struct dbus_buffer *buffer, const char *text);
void dbus_put_signature(struct dbus_buffer *buffer, const char *signature);

/* Opens an array whose elements have this alignment; dbus_array_end fills in its length. */
size_t dbus_array_begin(struct dbus_buffer *buffer, size_t alignment);
void dbus_array_end(struct dbus_buffer *buffer, size_t array, size_t alignment);

void dbus_buffer_free(struct dbus_buffer *buffer);

/* A received message: header fields that matter, and the body for dbus_get_string. */
struct dbus_message {
	enum dbus_type type;
	uint32_t reply_serial;
	char member[64];
	char error_name[128];
	uint8_t *body;
	size_t body_length;
};

/* Connects to a socket and authenticates as this user. Returns a descriptor; -1 with errno kept in
 * out->error when nothing answers there. */
int dbus_connect(const char *socket_path, struct failure *out);

/* What a message bus, unlike a peer that answers by itself, wants first. With a match rule it
 * forwards the signals that fit. The answers arrive among the others, in the order of the calls. */
int dbus_hello(int bus, const char *match, struct failure *out);

struct dbus_call {
	const char *destination, *path, *interface, *member, *signature;
	const struct dbus_buffer *body; /* NULL: no arguments */
};

/* Sends a method call; *ret_serial identifies the reply. */
int dbus_send(int bus, const struct dbus_call *call, uint32_t *ret_serial, struct failure *out);

/* Receives the next message, within the socket's time-out. Free it with dbus_message_clear. */
int dbus_receive(int bus, struct dbus_message *ret, struct failure *out);
void dbus_message_clear(struct dbus_message *message);

/* Reads a string or object path at *offset of a body and moves the offset behind it; NULL when
 * there is none. */
const char *dbus_get_string(const struct dbus_message *message, size_t *offset);

#endif
