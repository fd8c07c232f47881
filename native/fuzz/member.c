/* SPDX-License-Identifier: Apache-2.0 */
#include "member.h"

#include "check.h"

/* A plausible time: 2001. */
#define TIME 1000000000

const struct field fields[FIELD_COUNT] = {
	[FIELD_NAME] = {0, 100},
	[FIELD_MODE] = {100, 8},
	[FIELD_UID] = {108, 8},
	[FIELD_GID] = {116, 8},
	[FIELD_SIZE] = {124, 12},
	[FIELD_TIME] = {136, 12},
	[FIELD_SUM] = {148, 8},
	[FIELD_TYPE] = {156, 1},
	[FIELD_LINK] = {157, 100},
	[FIELD_MAGIC] = {257, 8},
	[FIELD_USER] = {265, 32},
	[FIELD_GROUP] = {297, 32},
	[FIELD_MAJOR] = {329, 8},
	[FIELD_MINOR] = {337, 8},
	[FIELD_PREFIX] = {345, 155},
};

static uint8_t *field_of(struct member *member, enum field_name field)
{
	return member->bytes.at + member->header + fields[field].start;
}

void member_set_text(struct member *member, enum field_name field, const char *text)
{
	size_t size = fields[field].size, length = strnlen(text, size);

	memset(field_of(member, field), 0, size);
	memcpy(field_of(member, field), text, length);
}

void member_borrow(struct member *to, enum field_name field, const struct member *from)
{
	memcpy(field_of(to, field), from->bytes.at + from->header, fields[FIELD_NAME].size);
}

void member_set_octal(struct member *member, enum field_name field, uint64_t value)
{
	size_t size = fields[field].size;
	uint8_t *at = field_of(member, field);

	at[--size] = 0;
	while (size > 0) {
		at[--size] = (uint8_t)('0' + (value & 7));
		value >>= 3;
	}
}

void member_set_binary(struct member *member, enum field_name field, int64_t value)
{
	size_t size = fields[field].size;
	uint8_t *at = field_of(member, field);

	memset(at, value < 0 ? 0xff : 0, size);
	for (size_t i = 0; i < 8 && i < size; i++)
		at[size - 1 - i] = (uint8_t)((uint64_t)value >> (8 * i));
	at[0] = value < 0 ? 0xff : at[0] | 0x80;
}

void member_seal(struct member *member)
{
	const uint8_t *header = member->bytes.at + member->header;
	unsigned sum = 0;
	char text[16];

	memset(field_of(member, FIELD_SUM), ' ', 8);
	for (size_t i = 0; i < BLOCK; i++)
		sum += header[i];
	snprintf(text, sizeof(text), "%06o", sum & 0777777);
	memcpy(field_of(member, FIELD_SUM), text, 7);
}

static void start_header(struct member *member, char type, const char *name)
{
	static const uint8_t magic[8] = {'u', 's', 't', 'a', 'r', 0, '0', '0'};

	member->header = member->bytes.size;
	bytes_fill(&member->bytes, 0, BLOCK);
	member_set_text(member, FIELD_NAME, name);
	member_set_octal(member, FIELD_MODE, type == '5' ? 0755 : 0644);
	member_set_octal(member, FIELD_UID, 0);
	member_set_octal(member, FIELD_GID, 0);
	member_set_octal(member, FIELD_SIZE, 0);
	member_set_octal(member, FIELD_TIME, TIME);
	memcpy(field_of(member, FIELD_TYPE), &type, 1);
	memcpy(field_of(member, FIELD_MAGIC), magic, sizeof(magic));
	member_seal(member);
}

void member_set_data(struct member *member, const void *data, size_t size)
{
	member->bytes.size = member->header + BLOCK;
	bytes_add(&member->bytes, data, size);
	bytes_pad(&member->bytes, BLOCK);
	member_set_octal(member, FIELD_SIZE, size);
}

/* A member before another one's header that speaks of it: 'L', 'K', 'x' or 'g'. */
static void add_before(struct member *member, char type, const void *data, size_t size)
{
	struct member made = {0};

	start_header(&made, type, "extended");
	member_set_data(&made, data, size);
	member_seal(&made);
	bytes_replace(&member->bytes, member->header, 0, made.bytes.at, made.bytes.size);
	member->header += made.bytes.size;
	bytes_free(&made.bytes);
}

static struct member *add_empty(struct members *members)
{
	if (members->count == members->room) {
		members->room = members->room * 2 + 16;
		members->list = realloc(members->list, members->room * sizeof(*members->list));
		must(members->list);
	}
	members->list[members->count] = (struct member){0};
	return &members->list[members->count++];
}

struct member *members_add(struct members *members, char type, const struct bytes *name)
{
	struct member *member = add_empty(members);
	auto_free char *text = strndup(name->size ? (const char *)name->at : "", name->size);

	must(text);
	start_header(member, type, text);
	/* Long names, and those with a NUL in them, need more than the field. */
	if (name->size > fields[FIELD_NAME].size || strlen(text) < name->size) {
		if (name->size % 2 == 0) {
			add_before(member, 'L', name->at, name->size);
		} else {
			struct bytes records = {0};

			pax_add(&records, "path", name->at, name->size);
			member_add_pax(member, 'x', &records);
			bytes_free(&records);
		}
	}
	return member;
}

struct member *members_add_named(struct members *members, char type, const char *name)
{
	struct bytes bytes = {0};
	struct member *member;

	bytes_add_text(&bytes, name);
	member = members_add(members, type, &bytes);
	bytes_free(&bytes);
	return member;
}

void member_set_link(struct member *member, const struct bytes *target)
{
	auto_free char *text = strndup(target->size ? (const char *)target->at : "", target->size);

	must(text);
	member_set_text(member, FIELD_LINK, text);
	if (target->size > fields[FIELD_LINK].size || strlen(text) < target->size)
		add_before(member, 'K', target->at, target->size);
}

void member_add_pax(struct member *member, char type, const struct bytes *records)
{
	add_before(member, type, records->at, records->size);
}

void pax_add(struct bytes *records, const char *key, const void *value, size_t size)
{
	size_t rest = strlen(key) + size + 3, length = rest + 1;
	char digits[32];

	/* The length counts its own digits. */
	while ((size_t)snprintf(digits, sizeof(digits), "%zu", length) + rest != length)
		length++;
	bytes_print(records, "%s %s=", digits, key);
	bytes_add(records, value, size);
	bytes_add(records, "\n", 1);
}

void pax_add_text(struct bytes *records, const char *key, const char *value)
{
	pax_add(records, key, value, strlen(value));
}

void members_parse(struct members *members, const uint8_t *at, size_t size)
{
	size_t start = 0, next;

	for (size_t place = 0; place + BLOCK <= size && at[place] != 0; place = next) {
		char digits[13] = "";
		char type = (char)at[place + fields[FIELD_TYPE].start];

		memcpy(digits, at + place + fields[FIELD_SIZE].start, 12);
		next = place + BLOCK + (strtoul(digits, NULL, 8) + BLOCK - 1) / BLOCK * BLOCK;
		must(next <= size);
		if (memchr("xgLK", type, 4))
			continue;
		struct member *member = add_empty(members);

		bytes_add(&member->bytes, at + start, next - start);
		member->header = place - start;
		start = next;
	}
}

void members_copy(struct members *members, const struct member *member)
{
	struct member *made = add_empty(members);

	bytes_add(&made->bytes, member->bytes.at, member->bytes.size);
	made->header = member->header;
}

void members_swap(struct members *members, size_t one, size_t other)
{
	struct member kept = members->list[one];

	members->list[one] = members->list[other];
	members->list[other] = kept;
}

void members_remove(struct members *members, size_t index)
{
	bytes_free(&members->list[index].bytes);
	members->list[index] = members->list[--members->count];
}

void members_write(const struct members *members, struct bytes *ret)
{
	for (size_t i = 0; i < members->count; i++)
		bytes_add(ret, members->list[i].bytes.at, members->list[i].bytes.size);
}

void members_free(struct members *members)
{
	for (size_t i = 0; i < members->count; i++)
		bytes_free(&members->list[i].bytes);
	free(members->list);
	*members = (struct members){0};
}
