/* SPDX-License-Identifier: Apache-2.0 */
#include "numbers.h"

#include <string.h>

static const int64_t integers[] = {0, 1, 2, 7, 511, 512, 513, 1000, 65534, 65535, 65536, 100000,
	2097151, 2097152, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 8589934591,
	8589934592, 1000000000000, 0x7fffffffffffffff, 0x7ffffffffffffdff, -1, -2, -512,
	-2147483648, -2147483649, INT64_MIN};

static const char *const decimals[] = {"", " ", "-", "+1", "-0", "0x10", "1e9", "1.5", "1.", ".5",
	"-1.5", "1.9999999999999999999", "1.-5", "00000000000000000000001", "99999999999999999999",
	"-99999999999999999999", "18446744073709551615", "9223372036854775807",
	"9223372036854775808", "-9223372036854775808", "-9223372036854775809", "nan", "inf", "1 2",
	"1\n2", "\xff", "12345678901234567890.1"};

static const char *const fillings[] = {"        ", "00000000", "77777777777", "99999999", "-1",
	"-0000001", "0x1ff", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff", "1 1 1 1", "abc",
	"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\xc0", "8", ""};

int64_t draw_integer(struct dice *dice)
{
	switch (dice_below(dice, 4)) {
	case 0:
		return dice_below(dice, 100);
	case 1:
		return (int64_t)(dice_roll(dice) >> dice_below(dice, 64));
	default:
		return dice_pick(dice, integers);
	}
}

void draw_decimal(struct dice *dice, struct bytes *ret)
{
	if (dice_one_in(dice, 2))
		bytes_print(ret, "%lld", (long long)draw_integer(dice));
	else
		bytes_add_text(ret, dice_pick(dice, decimals));
}

void draw_field(struct dice *dice, struct member *member, enum field_name field)
{
	int64_t value = draw_integer(dice);

	switch (dice_below(dice, 4)) {
	case 0:
		member_set_binary(member, field, value);
		break;
	case 1:
		member_set_text(member, field, dice_pick(dice, fillings));
		break;
	case 2:
		/* Digits to the last byte. */
		member_set_octal(member, field, (uint64_t)value);
		member->bytes.at[member->header + fields[field].start + fields[field].size - 1] =
			'7';
		break;
	default:
		member_set_octal(member, field, (uint64_t)value);
	}
}

void draw_attribute(struct dice *dice, struct bytes *ret)
{
	static const char *const names[] = {"user.a", "user.overlay.opaque", "user.overlay.origin",
		"user.overlay.redirect", "user.overlay.metacopy", "user.overlay.whiteout",
		"user.fuseoverlayfs.opaque", "user.fuseoverlayfs.redirect",
		"user.containers.override_stat", "user.lighter.owner", "user.lighter", "user.",
		"user", "USER.overlay.opaque", "trusted.overlay.opaque", "trusted.a",
		"security.capability", "security.selinux", "security.ima", "security.evm",
		"security.apparmor", "system.posix_acl_access", "system.posix_acl_default",
		"system.nfs4_acl", "btrfs.compression", "", "user.a%00b", "user.%75ser"};
	/* File capabilities of versions 2 and 3, one cut off, and access lists. */
	static const uint8_t values[][36] = {{"y"}, {1, 0, 0, 2, 0, 0x20}, {1, 0, 0, 3, 0, 0x20},
		{1, 0, 0, 3, 0xff, 0xff}, {0xff}, {2, 0, 0, 0, 1, 0, 7, 0, 0xff, 0xff, 0xff, 0xff},
		{2, 0, 0, 0, 2, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, 4, 0, 5}, {"0:0:0"},
		{"999999:1:7777"}};
	static const size_t sizes[] = {0, 1, 3, 12, 20, 24, 28, 36, 8};
	struct bytes key = {0}, value = {0};

	bytes_add_text(&key, dice_one_in(dice, 4)    ? "LIBARCHIVE.xattr."
			     : dice_one_in(dice, 30) ? "RHT.security.selinux"
						     : "SCHILY.xattr.");
	bytes_add_text(&key, dice_pick(dice, names));
	if (dice_one_in(dice, 10))
		bytes_fill(&key, 'k', dice_one_in(dice, 2) ? 250 : 70000);
	bytes_add(&key, "", 1);
	bytes_add(&value, dice_pick(dice, values), dice_pick(dice, sizes));
	if (dice_one_in(dice, 20))
		bytes_fill(&value, 'v', dice_one_in(dice, 2) ? 65537 : 5000);
	pax_add(ret, (const char *)key.at, value.at, value.size);
	bytes_free(&key);
	bytes_free(&value);
}

/* A record whose length lies, or whose form is wrong. */
static void draw_broken(struct dice *dice, struct bytes *ret)
{
	static const char *const broken[] = {"0 path=x\n", "5 a=b\n", "9999 path=a\n",
		"99999999999999999999 path=a\n", "-10 path=a\n", "12 path=abcd", "11 pathabc\n",
		"6 =\n\n\n", " 10 path=a\n", "010 path=a\n", "10\tpath=a\n", "path=a\n", "\n",
		"10 ", "8 path=\n", "13 path=a\nb=c\n", "10 path=\0\n"};

	bytes_add_text(ret, dice_pick(dice, broken));
}

void draw_records(struct dice *dice, struct bytes *ret)
{
	static const char *const keys[] = {"size", "uid", "gid", "mtime", "atime", "ctime",
		"LIBARCHIVE.creationtime", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink",
		"SCHILY.devmajor", "SCHILY.devminor", "SCHILY.realsize", "GNU.sparse.size",
		"GNU.sparse.realsize", "GNU.sparse.numblocks", "GNU.sparse.offset",
		"GNU.sparse.numbytes", "GNU.sparse.major", "GNU.sparse.minor", "SUN.holesdata"};
	static const char *const texts[] = {"path", "linkpath", "uname", "gname", "hdrcharset",
		"comment", "GNU.sparse.name", "GNU.sparse.map", "SCHILY.acl.access",
		"SCHILY.acl.default", "SCHILY.acl.ace", "SCHILY.fflags", "LIBARCHIVE.symlinktype",
		"VENDOR.key", "", "="};
	static const char *const values[] = {"BINARY", "ISO-IR 10646 2000 UTF-8", "KOI8",
		"user::rwx,group::r-x,other::r--", "user:9999999999:rwx", "0,512,1024,512", "1,2",
		"nodump,immutable", "file", "dir", "SCHILY", "a=b=c", ""};

	for (unsigned count = 1 + dice_below(dice, 4); count > 0; count--) {
		struct bytes value = {0};

		switch (dice_below(dice, 5)) {
		case 0:
			draw_broken(dice, ret);
			break;
		case 1:
			draw_attribute(dice, ret);
			break;
		case 2:
			bytes_add_text(&value, dice_pick(dice, values));
			pax_add(ret, dice_pick(dice, texts), value.at, value.size);
			break;
		default:
			draw_decimal(dice, &value);
			pax_add(ret, dice_pick(dice, keys), value.at, value.size);
		}
		bytes_free(&value);
	}
}
