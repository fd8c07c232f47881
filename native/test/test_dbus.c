/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "dbus.h"
#include "scope.h"

/* An error reply as a bus sends it: type 3, reply serial 2, name a.b, body "no". */
static const uint8_t error_reply[] = {'l', 3, 1, 1, 7, 0, 0, 0, 9, 0, 0, 0, 28, 0, 0,
	0,							/* header, 28 bytes of fields */
	5, 1, 'u', 0, 2, 0, 0, 0,				/* reply serial */
	4, 1, 's', 0, 3, 0, 0, 0, 'a', '.', 'b', 0, 0, 0, 0, 0, /* error name, padded to 8 */
	8, 1, 'g', 0, /* signature, cut short on purpose below */
	0, 0, 0, 0, 2, 0, 0, 0, 'n', 'o', 0};

static void receives_an_error_reply(void)
{
	struct dbus_message message;
	struct failure failure;
	uint8_t bytes[sizeof(error_reply)];
	size_t offset = 0;
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	memcpy(bytes, error_reply, sizeof(bytes));
	bytes[12] = 24; /* only the two whole fields */
	must(write(ends[1], bytes, 40) == 40 && write(ends[1], error_reply + 48, 7) == 7);
	must(dbus_receive(ends[0], &message, &failure) == 0);
	must(message.type == DBUS_ERROR && message.reply_serial == 2);
	must(strcmp(message.error_name, "a.b") == 0);
	must(strcmp(dbus_get_string(&message, &offset), "no") == 0);
	must(dbus_get_string(&message, &offset) == NULL);
	dbus_message_clear(&message);
	close(ends[0]);
	close(ends[1]);
}

/* Every single-byte change of a message is either read or refused; the sanitizers watch the bounds.
 */
static void survives_damaged_messages(void)
{
	for (size_t at = 0; at < sizeof(error_reply); at++) {
		for (int value = 0; value < 256; value += 5) {
			uint8_t bytes[4096] = {0};
			struct dbus_message message;
			struct failure failure;
			int ends[2];

			memcpy(bytes, error_reply, sizeof(error_reply));
			bytes[at] = (uint8_t)value;
			must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
			must(write(ends[1], bytes, sizeof(bytes)) == sizeof(bytes));
			close(ends[1]);
			if (dbus_receive(ends[0], &message, &failure) == 0) {
				size_t offset = 0;

				while (dbus_get_string(&message, &offset))
					;
				dbus_message_clear(&message);
			}
			close(ends[0]);
		}
	}
}

static void aligns_arrays(void)
{
	struct dbus_buffer buffer = {0};
	size_t array;
	uint32_t length;

	dbus_put_byte(&buffer, 1);
	array = dbus_array_begin(&buffer, 8);
	must(array == 8 && buffer.length == 8);
	dbus_put_u64(&buffer, 7);
	dbus_array_end(&buffer, array, 8);
	memcpy(&length, buffer.bytes + 4, 4);
	must(length == 8 && !buffer.broken);
	dbus_buffer_free(&buffer);

	dbus_put_u32(&buffer, 1);
	dbus_put_u32(&buffer, 1);
	array = dbus_array_begin(&buffer, 8);
	must(array == 12 && buffer.length == 16);
	dbus_array_end(&buffer, array, 8);
	memcpy(&length, buffer.bytes + 8, 4);
	must(length == 0);
	dbus_buffer_free(&buffer);
}

static void greets_a_bus(void)
{
	static const char match[] = "type='signal',member='JobRemoved'";
	struct dbus_message message;
	struct failure failure;
	size_t offset = 0;
	int ends[2];

	must(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	must(dbus_hello(ends[0], match, &failure) == 0);
	must(dbus_receive(ends[1], &message, &failure) == 0);
	must(message.type == DBUS_CALL && strcmp(message.member, "Hello") == 0);
	dbus_message_clear(&message);
	must(dbus_receive(ends[1], &message, &failure) == 0);
	must(message.type == DBUS_CALL && strcmp(message.member, "AddMatch") == 0);
	must(strcmp(dbus_get_string(&message, &offset), match) == 0);
	dbus_message_clear(&message);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	receives_an_error_reply();
	survives_damaged_messages();
	aligns_arrays();
	greets_a_bus();
	return 0;
}
