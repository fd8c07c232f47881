/* SPDX-License-Identifier: Apache-2.0 */
#include "dbus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "scope.h"

/* systemd's own messages are far smaller; a larger one is not for us. */
#define MESSAGE_LIMIT (1U << 20)
#define BUS_TIMEOUT_SECONDS 10

enum header_field {
	FIELD_PATH = 1,
	FIELD_INTERFACE = 2,
	FIELD_MEMBER = 3,
	FIELD_ERROR_NAME = 4,
	FIELD_REPLY_SERIAL = 5,
	FIELD_DESTINATION = 6,
	FIELD_SIGNATURE = 8,
};

static void put(struct dbus_buffer *buffer, const void *bytes, size_t length)
{
	if (buffer->length + length > buffer->capacity && !buffer->broken) {
		size_t capacity = (buffer->length + length) * 2 + 256;
		uint8_t *grown = realloc(buffer->bytes, capacity);

		if (!grown) {
			buffer->broken = true;
		} else {
			buffer->bytes = grown;
			buffer->capacity = capacity;
		}
	}
	if (buffer->broken)
		return;
	memcpy(buffer->bytes + buffer->length, bytes, length);
	buffer->length += length;
}

void dbus_put_align(struct dbus_buffer *buffer, size_t alignment)
{
	static const uint8_t zeros[8];
	size_t over = buffer->length % alignment;

	if (over)
		put(buffer, zeros, alignment - over);
}

void dbus_put_byte(struct dbus_buffer *buffer, uint8_t value)
{
	put(buffer, &value, 1);
}

void dbus_put_u32(struct dbus_buffer *buffer, uint32_t value)
{
	dbus_put_align(buffer, 4);
	put(buffer, &value, sizeof(value));
}

void dbus_put_u64(struct dbus_buffer *buffer, uint64_t value)
{
	dbus_put_align(buffer, 8);
	put(buffer, &value, sizeof(value));
}

void dbus_put_string(struct dbus_buffer *buffer, const char *text)
{
	dbus_put_u32(buffer, (uint32_t)strlen(text));
	put(buffer, text, strlen(text) + 1);
}

void dbus_put_signature(struct dbus_buffer *buffer, const char *signature)
{
	dbus_put_byte(buffer, (uint8_t)strlen(signature));
	put(buffer, signature, strlen(signature) + 1);
}

size_t dbus_array_begin(struct dbus_buffer *buffer, size_t alignment)
{
	size_t array;

	dbus_put_u32(buffer, 0);
	array = buffer->length;
	dbus_put_align(buffer, alignment);
	return array;
}

void dbus_array_end(struct dbus_buffer *buffer, size_t array, size_t alignment)
{
	/* The padding before the first element is not part of the length. */
	size_t first = (array + alignment - 1) / alignment * alignment;
	uint32_t length = (uint32_t)(buffer->length - first);

	if (!buffer->broken)
		memcpy(buffer->bytes + array - sizeof(length), &length, sizeof(length));
}

void dbus_buffer_free(struct dbus_buffer *buffer)
{
	free(buffer->bytes);
	memset(buffer, 0, sizeof(*buffer));
}

static int send_all(int bus, const void *bytes, size_t length)
{
	size_t sent = 0;

	while (sent < length) {
		ssize_t wrote = retry_eintr(
			send(bus, (const char *)bytes + sent, length - sent, MSG_NOSIGNAL));

		if (wrote < 0)
			return -1;
		sent += (size_t)wrote;
	}
	return 0;
}

static int receive_all(int bus, void *bytes, size_t length)
{
	size_t have = 0;

	while (have < length) {
		ssize_t got = retry_eintr(recv(bus, (char *)bytes + have, length - have, 0));

		if (got == 0)
			errno = ECONNRESET;
		if (got <= 0)
			return -1;
		have += (size_t)got;
	}
	return 0;
}

/* "AUTH EXTERNAL <hex of the decimal uid>", then BEGIN: the kernel vouches for the uid. */
static int authenticate(int bus, struct failure *out)
{
	char uid[16], line[128];
	size_t length = 0;

	snprintf(uid, sizeof(uid), "%u", (unsigned)getuid());
	length += (size_t)snprintf(line, sizeof(line), "%cAUTH EXTERNAL ", '\0');
	for (const char *digit = uid; *digit; digit++)
		length += (size_t)snprintf(line + length, sizeof(line) - length, "%02x", *digit);
	length += (size_t)snprintf(line + length, sizeof(line) - length, "\r\n");
	if (send_all(bus, line, length) < 0)
		return fail(out, errno, "dbus", "cannot authenticate to the message bus");

	for (length = 0; length < sizeof(line) - 1; length++) {
		if (receive_all(bus, line + length, 1) < 0)
			return fail(out, errno, "dbus", "the message bus did not answer");
		if (line[length] == '\n')
			break;
	}
	if (strncmp(line, "OK ", 3) != 0)
		return fail(out, EACCES, "dbus", "the message bus refused this user");
	if (send_all(bus, "BEGIN\r\n", 7) < 0)
		return fail(out, errno, "dbus", "cannot authenticate to the message bus");
	return 0;
}

static void put_field(
	struct dbus_buffer *message, enum header_field field, char type, const char *value)
{
	const char signature[2] = {type, '\0'};

	if (!value)
		return;
	dbus_put_align(message, 8);
	dbus_put_byte(message, (uint8_t)field);
	dbus_put_signature(message, signature);
	if (type == 'g')
		dbus_put_signature(message, value);
	else
		dbus_put_string(message, value);
}

int dbus_send(int bus, const struct dbus_call *call, uint32_t *ret_serial, struct failure *out)
{
	static uint32_t last_serial;
	struct dbus_buffer message = {0};
	uint32_t serial = ++last_serial;
	size_t fields;
	int result = 0;

	dbus_put_byte(&message, 'l'); /* little endian, as every architecture we build for */
	dbus_put_byte(&message, DBUS_CALL);
	dbus_put_byte(&message, 0);
	dbus_put_byte(&message, 1);
	dbus_put_u32(&message, call->body ? (uint32_t)call->body->length : 0);
	dbus_put_u32(&message, serial);
	fields = dbus_array_begin(&message, 8);
	put_field(&message, FIELD_PATH, 'o', call->path);
	put_field(&message, FIELD_INTERFACE, 's', call->interface);
	put_field(&message, FIELD_MEMBER, 's', call->member);
	put_field(&message, FIELD_DESTINATION, 's', call->destination);
	put_field(&message, FIELD_SIGNATURE, 'g', call->signature);
	dbus_array_end(&message, fields, 8);
	dbus_put_align(&message, 8);
	if (call->body) {
		message.broken |= call->body->broken;
		put(&message, call->body->bytes, call->body->length);
	}
	if (message.broken)
		result = fail(out, ENOMEM, "dbus", "cannot build a message");
	else if (send_all(bus, message.bytes, message.length) < 0)
		result = fail(out, errno, "dbus", "cannot write to the message bus");
	dbus_buffer_free(&message);
	*ret_serial = serial;
	return result;
}

static uint32_t get_u32(const uint8_t *bytes)
{
	uint32_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* Reads one header field of the types that occur in headers; returns the offset behind it, 0 when
 * malformed. */
static size_t read_field(const uint8_t *fields, size_t length, size_t at, struct dbus_message *ret)
{
	uint8_t code = fields[at];
	char type;
	size_t value, text_length;

	if (at + 4 > length || fields[at + 1] != 1)
		return 0;
	type = (char)fields[at + 2];
	value = at + 4;
	if (type == 'g') {
		if (value >= length)
			return 0;
		return value + 2 + fields[value];
	}
	/* The fields begin 16 bytes into the message, so alignment within them is alignment in the
	 * message. */
	value = (value + 3) / 4 * 4;
	if (value + 4 > length)
		return 0;
	if (type == 'u') {
		if (code == FIELD_REPLY_SERIAL)
			ret->reply_serial = get_u32(fields + value);
		return value + 4;
	}
	text_length = get_u32(fields + value);
	if ((type != 's' && type != 'o') || text_length > length ||
		value + 4 + text_length >= length)
		return 0;
	if (code == FIELD_MEMBER)
		snprintf(ret->member, sizeof(ret->member), "%.*s", (int)text_length,
			(const char *)fields + value + 4);
	if (code == FIELD_ERROR_NAME)
		snprintf(ret->error_name, sizeof(ret->error_name), "%.*s", (int)text_length,
			(const char *)fields + value + 4);
	return value + 4 + text_length + 1;
}

int dbus_receive(int bus, struct dbus_message *ret, struct failure *out)
{
	struct dbus_message message = {0};
	uint8_t header[16];
	auto_free uint8_t *fields = NULL;
	uint32_t fields_length, padded;
	size_t at = 0;

	if (receive_all(bus, header, sizeof(header)) < 0)
		return fail(out, errno, "dbus", "the message bus did not answer");
	message.type = (enum dbus_type)header[1];
	message.body_length = get_u32(header + 4);
	fields_length = get_u32(header + 12);
	if (header[0] != 'l' || message.body_length > MESSAGE_LIMIT ||
		fields_length > MESSAGE_LIMIT)
		return fail(out, EPROTO, "dbus", "the message bus sent a malformed message");

	padded = (fields_length + 7) / 8 * 8;
	fields = malloc(padded + 1);
	message.body = malloc(message.body_length + 1);
	if (!fields || !message.body) {
		free(message.body);
		return fail(out, ENOMEM, "dbus", "cannot read a message");
	}
	if (receive_all(bus, fields, padded) < 0 ||
		receive_all(bus, message.body, message.body_length) < 0) {
		free(message.body);
		return fail(out, errno, "dbus", "the message bus did not answer");
	}
	while (at < fields_length) {
		at = read_field(fields, fields_length, at, &message);
		if (at == 0) {
			free(message.body);
			return fail(
				out, EPROTO, "dbus", "the message bus sent a malformed message");
		}
		at = (at + 7) / 8 * 8;
	}
	*ret = message;
	return 0;
}

void dbus_message_clear(struct dbus_message *message)
{
	free(message->body);
	memset(message, 0, sizeof(*message));
}

const char *dbus_get_string(const struct dbus_message *message, size_t *offset)
{
	size_t at = (*offset + 3) / 4 * 4;
	uint32_t length;

	if (at + 4 > message->body_length)
		return NULL;
	length = get_u32(message->body + at);
	if (length >= message->body_length || at + 4 + length >= message->body_length ||
		message->body[at + 4 + length] != '\0')
		return NULL;
	*offset = at + 4 + length + 1;
	return (const char *)message->body + at + 4;
}

int dbus_connect(const char *socket_path, struct failure *out)
{
	const struct timeval timeout = {.tv_sec = BUS_TIMEOUT_SECONDS};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int bus = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (bus < 0)
		return fail(out, errno, "dbus", "cannot create a socket");
	if ((size_t)snprintf(address.sun_path, sizeof(address.sun_path), "%s", socket_path) >=
		sizeof(address.sun_path))
		return fail(out, ENAMETOOLONG, "dbus", "cannot connect to %s", socket_path);
	setsockopt(bus, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(bus, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(bus, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(out, errno, "dbus", "cannot connect to %s", socket_path);
	if (authenticate(bus, out) < 0)
		return -1;
	return take_fd(&bus);
}

int dbus_hello(int bus, const char *match, struct failure *out)
{
	struct dbus_call call = {"org.freedesktop.DBus", "/org/freedesktop/DBus",
		"org.freedesktop.DBus", "Hello", NULL, NULL};
	struct dbus_buffer body = {0};
	uint32_t serial;
	int result = dbus_send(bus, &call, &serial, out);

	if (result < 0 || !match)
		return result;
	dbus_put_string(&body, match);
	call.member = "AddMatch";
	call.signature = "s";
	call.body = &body;
	result = dbus_send(bus, &call, &serial, out);
	dbus_buffer_free(&body);
	return result;
}
