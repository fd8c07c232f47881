/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings are cut where the caller's own map has a border. */
#include "check.h"
#include "map_ids.h"
#include "scope.h"

static const char own[] = "         0       1000          1\n         1     100000      65536\n";

static const struct {
	struct spec_id_mapping mappings[2];
	size_t count;
	const char *lines; /* NULL: refused */
} cases[] = {
	{{{0, 0, 65537}}, 1, "0 0 1\n1 1 65536\n"},
	{{{0, 0, 1}, {1, 1, 65536}}, 2, "0 0 1\n1 1 65536\n"},
	{{{0, 1, 1000}, {1000, 0, 1}}, 2, "0 1 1000\n1000 0 1\n"},
	{{{5, 0, 3}}, 1, "5 0 1\n6 1 2\n"},
	{{{0, 0, 65538}}, 1, NULL},
	{{{0, 70000, 1}}, 1, NULL},
	{{{0, 4294967295U, 1}}, 1, NULL},
};

int main(void)
{
	char lines[4096], small[8];

	for (size_t i = 0; i < array_size(cases); i++) {
		int length =
			map_ids_split(own, cases[i].mappings, cases[i].count, lines, sizeof(lines));

		if (cases[i].lines)
			check(length >= 0 && strcmp(lines, cases[i].lines) == 0, cases[i].lines);
		else
			check(length < 0, "refused");
	}
	check(map_ids_split(own, cases[0].mappings, 1, small, sizeof(small)) < 0);
	return failures > 0;
}
