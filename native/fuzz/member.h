/* SPDX-License-Identifier: Apache-2.0 */
/* Members of tar archives, written byte by byte: no writer of archives makes what is needed here.
 */
#ifndef LIGHTER_FUZZ_MEMBER_H
#define LIGHTER_FUZZ_MEMBER_H

#include "bytes.h"
#include "dice.h"

enum { BLOCK = 512 };

/* Where a header has its fields. */
struct field {
	size_t start, size;
};

enum field_name {
	FIELD_NAME,
	FIELD_MODE,
	FIELD_UID,
	FIELD_GID,
	FIELD_SIZE,
	FIELD_TIME,
	FIELD_SUM,
	FIELD_TYPE,
	FIELD_LINK,
	FIELD_MAGIC,
	FIELD_USER,
	FIELD_GROUP,
	FIELD_MAJOR,
	FIELD_MINOR,
	FIELD_PREFIX,
	FIELD_COUNT,
};

extern const struct field fields[FIELD_COUNT];

/* A member with the extended headers before it and the data behind it. */
struct member {
	struct bytes bytes;
	size_t header; /* where its own header starts */
};

struct members {
	struct member *list;
	size_t count, room;
};

/* Adds a member with this name and type and plain values for the rest. */
struct member *members_add(struct members *members, char type, const struct bytes *name);

/* The same by a string. */
struct member *members_add_named(struct members *members, char type, const char *name);

/* Cuts an archive into its members. Only for good ones. */
void members_parse(struct members *members, const uint8_t *at, size_t size);

/* A copy of `member` at the end. */
void members_copy(struct members *members, const struct member *member);

/* Puts a member in the place of another one. */
void members_swap(struct members *members, size_t one, size_t other);
void members_remove(struct members *members, size_t index);

/* All members, without an end mark. */
void members_write(const struct members *members, struct bytes *ret);
void members_free(struct members *members);

void member_set_text(struct member *member, enum field_name field, const char *text);
/* Copies another member's name to FIELD_NAME or FIELD_LINK. */
void member_borrow(struct member *to, enum field_name field, const struct member *from);
void member_set_octal(struct member *member, enum field_name field, uint64_t value);

/* Base 256, as GNU has it for what octal digits cannot say. */
void member_set_binary(struct member *member, enum field_name field, int64_t value);

/* Appends data, padded to whole blocks, and says so in the header. */
void member_set_data(struct member *member, const void *data, size_t size);

/* A link's target; in a header of its own when it is too long for the field. */
void member_set_link(struct member *member, const struct bytes *target);

/* Puts pax records before the member: type 'x' for it alone, 'g' for all that follow. */
void member_add_pax(struct member *member, char type, const struct bytes *records);

/* One record with the right length, whatever is in the value. */
void pax_add(struct bytes *records, const char *key, const void *value, size_t size);
void pax_add_text(struct bytes *records, const char *key, const char *value);

/* Makes the check sum right. */
void member_seal(struct member *member);

#endif
