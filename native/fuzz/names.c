/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include "world.h"

static const char *const components[] = {"a", "b", "c", "d", "l", "l2", "x", "etc", "bin", "usr"};

static const char *const hostile[] = {
	"..",
	"../x",
	"../../x",
	"a/../../x",
	"a/b/../../../x",
	"../../../../../../../../../../etc/passwd",
	"/../x",
	"/",
	"//",
	"./",
	".",
	"",
	"...",
	"a/..",
	"a/../b",
	"a/./b",
	"./././a",
	"a//b///",
	"/etc/passwd",
	PARENT "/beside/file",
	BESIDE "/file",
	"/proc/self/cwd/x",
	"/dev/null",
	" ",
	"-rf",
	"a\nb",
	"\x1b[31mred",
	"\xff\xfe",
	"e\xcc\x81",
	"\xc3\xa9",
	"a\\b",
	"C:",
	"%s%n%999d",
	"\x7f\x01\x02",
	"con.",
	"PaxHeader/a",
	"@LongLink",
};

static const char *const targets[] = {
	"/",
	".",
	"..",
	"../..",
	"../../../../../../../..",
	"a",
	"b",
	"l",
	"l2",
	"a/b",
	"../a",
	"./l",
	"l/l",
	"/a",
	"//a//b",
	"/etc",
	"/etc/passwd",
	"../../../../../etc/shadow",
	PARENT,
	PARENT "/beside",
	BESIDE,
	BESIDE "/file",
	"../beside",
	"../beside/file",
	"../../around/file",
	"/proc/self/root",
	"/proc/self/cwd",
	"/proc/1/root/etc/passwd",
	"/proc/self/fd/3",
	"/dev/null",
	"/nowhere/at/all",
	".wh.a",
	"a/.wh..wh..opq",
	"",
};

static const char *const marks[] = {
	".wh.",
	".wh..",
	".wh...",
	".wh....",
	".wh.a",
	".wh.b",
	".wh.l",
	".wh.x",
	".wh..a",
	".wh..wh.",
	".wh..wh..",
	".wh..wh..opq",
	".wh..wh..opq.",
	".wh..wh..opq2",
	".wh..wh.plnk",
	".wh..wh.aufs",
	".wh..wh.orph",
	".wh..wh..wh.a",
	".wh..wh.a",
	".wh",
	".WH.a",
	".wh.a\n",
};

void draw_short(struct dice *dice, struct bytes *ret)
{
	unsigned depth = 1 + dice_below(dice, 3);

	for (unsigned i = 0; i < depth; i++)
		bytes_print(ret, "%s%s", i > 0 ? "/" : "", dice_pick(dice, components));
}

void draw_mark(struct dice *dice, struct bytes *ret)
{
	static const size_t lengths[] = {1, 245, 250, 251, 252, 255, 256, 300};

	if (!dice_one_in(dice, 8)) {
		bytes_add_text(ret, dice_pick(dice, marks));
		return;
	}
	bytes_add_text(ret, ".wh.");
	bytes_fill(ret, 'w', dice_pick(dice, lengths));
}

static void draw_long(struct dice *dice, struct bytes *ret)
{
	static const size_t lengths[] = {99, 100, 101, 154, 155, 156, 254, 255, 256, 257, 1000};
	static const size_t sizes[] = {256, 257, 4090, 4094, 4095, 4096, 4097, 5000, 70000};
	size_t size;

	switch (dice_below(dice, 4)) {
	case 0:
		bytes_fill(ret, 'n', dice_pick(dice, lengths));
		break;
	case 1:
		for (size = dice_pick(dice, sizes); ret->size < size;)
			bytes_add_text(ret, "d/");
		ret->size = size;
		break;
	case 2:
		for (size = dice_pick(dice, sizes); ret->size < size;)
			bytes_add_text(ret, dice_one_in(dice, 3) ? "./" : "a/../");
		bytes_add_text(ret, "f");
		break;
	default:
		for (size = dice_pick(dice, sizes); ret->size < size;)
			bytes_fill(ret, ret->size % 256 == 255 ? '/' : 'n', 1);
	}
}

static void draw_bytes(struct dice *dice, struct bytes *ret)
{
	for (unsigned count = 1 + dice_below(dice, 40); count > 0; count--)
		bytes_fill(ret, (uint8_t)dice_roll(dice), 1);
}

/* A NUL ends a name for some readers and not for others. */
static void put_nul(struct dice *dice, struct bytes *name)
{
	bytes_replace(name, dice_below(dice, name->size + 1), 0, "", 1);
	bytes_add_text(name, "/../../x");
}

void draw_name(struct dice *dice, struct bytes *ret)
{
	switch (dice_below(dice, 24)) {
	case 0:
	case 1:
	case 2:
		bytes_add_text(ret, dice_pick(dice, hostile));
		break;
	case 3:
		draw_long(dice, ret);
		break;
	case 4:
		draw_bytes(dice, ret);
		break;
	case 5:
		draw_mark(dice, ret);
		break;
	case 6:
		draw_short(dice, ret);
		bytes_add_text(ret, "/");
		draw_mark(dice, ret);
		if (dice_one_in(dice, 4))
			bytes_add_text(ret, "/a");
		break;
	case 7:
		draw_short(dice, ret);
		bytes_print(ret, "/%s", dice_pick(dice, hostile));
		break;
	case 8:
		draw_short(dice, ret);
		if (dice_one_in(dice, 3))
			put_nul(dice, ret);
		break;
	case 9:
		bytes_add_text(ret, dice_one_in(dice, 2) ? "./" : "/");
		draw_short(dice, ret);
		break;
	default:
		draw_short(dice, ret);
		if (dice_one_in(dice, 8))
			bytes_add_text(ret, "/");
	}
}

void draw_target(struct dice *dice, struct bytes *ret)
{
	switch (dice_below(dice, 10)) {
	case 0:
		draw_name(dice, ret);
		break;
	case 1:
		draw_short(dice, ret);
		break;
	case 2:
		bytes_print(ret, "%s/%s", dice_pick(dice, targets), dice_pick(dice, targets));
		break;
	default:
		bytes_add_text(ret, dice_pick(dice, targets));
	}
}
