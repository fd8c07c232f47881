/* SPDX-License-Identifier: Apache-2.0 */
#include "scenes.h"

#include <stdio.h>
#include <string.h>

#include "names.h"
#include "numbers.h"

static const char types[] = {'0', '0', '0', '5', '5', '2', '1', '6', '3', '4', '7', '\0', 'S', 'D',
	'V', 'M', 'N', 'A', 'x', 'g', 'Z'};

/* A member of any type and name. */
static struct member *draw_member(struct dice *dice, struct members *members, char type)
{
	struct bytes name = {0}, target = {0};
	struct member *member;
	char data[1500];

	draw_name(dice, &name);
	member = members_add(members, type, &name);
	if (memchr("0\0007S", type, 4)) {
		memset(data, 'd', sizeof(data));
		member_set_data(member, data, dice_below(dice, sizeof(data)));
	}
	if (type == '1' && members->count > 1 && dice_one_in(dice, 2)) {
		member_borrow(
			member, FIELD_LINK, &members->list[dice_below(dice, members->count - 1)]);
	} else if (type == '1' || type == '2' || dice_one_in(dice, 20)) {
		draw_target(dice, &target);
		member_set_link(member, &target);
	}
	member_seal(member);
	bytes_free(&name);
	bytes_free(&target);
	return member;
}

static void draw_any(struct dice *dice, struct members *members)
{
	for (unsigned count = 1 + dice_below(dice, 4); count > 0; count--)
		draw_member(dice, members, dice_pick(dice, types));
}

static void add_link(struct dice *dice, struct members *members, char type, const char *name)
{
	struct bytes target = {0};
	struct member *member = members_add_named(members, type, name);

	draw_target(dice, &target);
	member_set_link(member, &target);
	member_seal(member);
	bytes_free(&target);
}

/* A symbolic link, and then everything that can be done through it. */
static void write_through(struct dice *dice, struct members *members)
{
	static const char *const below[] = {"l/x", "l/etc/passwd", "l/file", "l/.wh.file",
		"l/.wh..wh..opq", "l/../x", "l/..", "l/l/l", "l", "l/", "l/.wh.passwd",
		"l/beside/file"};

	add_link(dice, members, '2', "l");
	if (dice_one_in(dice, 2))
		add_link(dice, members, '2', dice_one_in(dice, 2) ? "l2" : "l/l2");
	for (unsigned count = 1 + dice_below(dice, 4); count > 0; count--) {
		char type = dice_pick(dice, types);
		struct member *member = members_add_named(members, type, dice_pick(dice, below));

		if (type == '1' || type == '2')
			member_set_text(member, FIELD_LINK, dice_pick(dice, below));
		else if (type == '0')
			member_set_data(member, "evil", 4);
		member_set_octal(member, FIELD_MODE, dice_below(dice, 010000));
		member_seal(member);
	}
}

/* Hard links to what is outside, is a mark, comes later, is a directory, or is itself. */
static void hard_links(struct dice *dice, struct members *members)
{
	draw_member(dice, members, dice_one_in(dice, 2) ? '0' : '2');
	for (unsigned count = 1 + dice_below(dice, 4); count > 0; count--) {
		struct member *member = draw_member(dice, members, '1');

		/* pax lets a hard link bring the data. */
		if (dice_one_in(dice, 4))
			member_set_data(member, "linked", 6);
		member_seal(member);
	}
}

/* One name that is everything in turn, with something below it where that is possible. */
static void turn_about(struct dice *dice, struct members *members)
{
	static const char *const names[] = {"a", "a/", "a/b", "a/b/c", "./a", ".wh.a", "a/.wh.b",
		"a/.wh..wh..opq", "a/../a", "l/a"};
	static const char kinds[] = {'0', '5', '2', '6', '1', '3'};

	if (dice_one_in(dice, 3))
		add_link(dice, members, '2', "l");
	for (unsigned count = 3 + dice_below(dice, 6); count > 0; count--) {
		char type = dice_pick(dice, kinds);
		const char *name = dice_pick(dice, names);

		if (type == '1' || type == '2')
			add_link(dice, members, type, name);
		else
			members_add_named(members, type, name);
	}
}

static void marks(struct dice *dice, struct members *members)
{
	for (unsigned count = 1 + dice_below(dice, 4); count > 0; count--) {
		struct bytes name = {0};
		struct member *member;

		if (dice_one_in(dice, 2)) {
			draw_short(dice, &name);
			bytes_add_text(&name, "/");
		}
		draw_mark(dice, &name);
		if (dice_one_in(dice, 6))
			bytes_add_text(&name, dice_one_in(dice, 2) ? "/" : "/a");
		member = members_add(members, dice_pick(dice, types), &name);
		if (dice_one_in(dice, 3))
			member_set_data(member, "mark", 4);
		member_seal(member);
		bytes_free(&name);
		if (dice_one_in(dice, 2))
			draw_member(dice, members, '5');
	}
}

static void numbers(struct dice *dice, struct members *members)
{
	static const enum field_name which[] = {
		FIELD_MODE, FIELD_UID, FIELD_GID, FIELD_SIZE, FIELD_TIME, FIELD_MAJOR, FIELD_MINOR};
	struct member *member = draw_member(dice, members, dice_pick(dice, types));

	for (unsigned count = 1 + dice_below(dice, 3); count > 0; count--)
		draw_field(dice, member, dice_pick(dice, which));
	member_seal(member);
}

static void records(struct dice *dice, struct members *members)
{
	struct member *member = draw_member(dice, members, dice_pick(dice, types));

	for (unsigned count = 1 + dice_below(dice, 2); count > 0; count--) {
		struct bytes drawn = {0};

		draw_records(dice, &drawn);
		if (dice_one_in(dice, 10) && drawn.size > 0)
			drawn.size = dice_below(dice, drawn.size);
		member_add_pax(member, dice_one_in(dice, 6) ? 'g' : 'x', &drawn);
		bytes_free(&drawn);
	}
}

static void attributes(struct dice *dice, struct members *members)
{
	struct bytes drawn = {0};
	struct member *member = draw_member(dice, members, dice_one_in(dice, 2) ? '0' : '5');

	for (unsigned count = 1 + dice_below(dice, 4); count > 0; count--)
		draw_attribute(dice, &drawn);
	member_set_octal(member, FIELD_MODE, dice_below(dice, 010000));
	member_set_octal(member, FIELD_UID, dice_below(dice, 3) * 1000);
	member_seal(member);
	member_add_pax(member, 'x', &drawn);
	bytes_free(&drawn);
}

static void devices(struct dice *dice, struct members *members)
{
	struct member *member = draw_member(dice, members, dice_one_in(dice, 2) ? '3' : '4');

	member_set_octal(member, FIELD_MAJOR, dice_below(dice, 3));
	member_set_octal(member, FIELD_MINOR, dice_below(dice, 4));
	member_seal(member);
	draw_member(dice, members, '6');
}

/* Links that lead to links, and directories in directories, beyond what the kernel follows. */
static void chains(struct dice *dice, struct members *members)
{
	unsigned length = 2 + dice_below(dice, 90);
	bool links = dice_one_in(dice, 2);
	char name[1024] = "", target[16];

	for (unsigned i = 0; i < length; i++) {
		struct member *member;

		if (!links) {
			snprintf(name + strlen(name), sizeof(name) - strlen(name), "%sd%u",
				i > 0 ? "/" : "", i);
			members_add_named(members, dice_one_in(dice, 9) ? '0' : '5', name);
			continue;
		}
		snprintf(name, sizeof(name), "k%u", i);
		snprintf(target, sizeof(target), "%sk%u", dice_one_in(dice, 9) ? "/" : "", i + 1);
		member = members_add_named(members, '2', name);
		member_set_text(member, FIELD_LINK, target);
		member_seal(member);
	}
	members_add_named(members, '0', links ? "k0/x" : name);
}

void draw_scene(struct dice *dice, struct members *members)
{
	static void (*const scenes[])(struct dice *, struct members *) = {draw_any, draw_any,
		write_through, write_through, hard_links, turn_about, turn_about, marks, numbers,
		records, attributes, devices, chains, draw_sparse};

	dice_pick(dice, scenes)(dice, members);
}
