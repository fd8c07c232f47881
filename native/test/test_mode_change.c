/* SPDX-License-Identifier: Apache-2.0 */
#include <sys/stat.h>

#include "check.h"
#include "mode_change.h"
#include "scope.h"

/* What chmod(1) makes of them, with a umask of 0. */
static void changes_as_chmod_does(void)
{
	static const struct {
		const char *text;
		mode_t before, after;
	} samples[] = {
		{"0", S_IFREG | 0777, 0},
		{"644", S_IFREG | 0755, 0644},
		{"04755", S_IFREG | 0644, 04755},
		{"u=rwX,go=rX", S_IFREG | 0640, 0644},
		{"u=rwX,go=rX", S_IFREG | 0740, 0755},
		{"u=rwX,go=rX", S_IFDIR | 0700, 0755},
		{"+x", S_IFREG | 0644, 0755},
		{"a-w", S_IFREG | 0666, 0444},
		{"go=", S_IFREG | 0777, 0700},
		{"g=u", S_IFREG | 0750, 0770},
		{"o=g-w", S_IFREG | 0770, 0775},
		{"u+s,g+s", S_IFREG | 0755, 06755},
		{"u=rwx", S_IFREG | 04755, 0755},
		{"u=rwx", S_IFDIR | 04755, 04755},
		{"+t", S_IFDIR | 0777, 01777},
		{"ug+rw-x", S_IFREG | 0111, 0661},
	};

	for (size_t i = 0; i < array_size(samples); i++) {
		check(mode_change_is_valid(samples[i].text), samples[i].text);
		check(mode_change_apply(samples[i].text, samples[i].before) == samples[i].after,
			samples[i].text);
	}
}

static void refuses_what_is_no_mode(void)
{
	static const char *const texts[] = {"", "8", "77777", "010000", "x", "u", "u+", "u=q",
		"u=r,", ",u=r", "u=r go=r", "-1"};

	for (size_t i = 0; i < array_size(texts); i++) {
		bool is_empty_change = texts[i][0] == 'u' && texts[i][1] == '+' && !texts[i][2];

		check(mode_change_is_valid(texts[i]) == is_empty_change, texts[i]);
	}
}

int main(void)
{
	changes_as_chmod_does();
	refuses_what_is_no_mode();
	return failures > 0;
}
