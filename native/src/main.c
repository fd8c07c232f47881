/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "scope.h"
#include "verbs.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} verbs[] = {
	{"create", verb_create},
	{"start", verb_start},
	{"state", verb_state},
	{"kill", verb_kill},
	{"delete", verb_delete},
	{"run", verb_run},
	{"attach", verb_attach},
	{"exec", verb_exec},
	{"init", verb_init},
	{"layer", verb_layer},
	{"tree", verb_tree},
	{"remove", verb_remove},
	{"measure", verb_measure},
	{"hold", verb_hold},
	{"lend", verb_lend},
	{"diff", verb_diff},
	{"export", verb_export},
	{"commit", verb_commit},
	{"files", verb_files},
	{"probe", verb_probe},
	{"names", verb_names},
	{"ports", verb_ports},
	{"peer", verb_peer},
};

int main(int argc, char **argv)
{
	int first = 1;

	/* `--init` mounts this program into the container under the name that Docker's init has
	 * there. */
	if (argc > 0 && strcmp(basename(argv[0]), "docker-init") == 0)
		return verb_init(argc, argv);
	/* runc-compatible global options stand before the verb; the verbs read --root themselves.
	 */
	while (first < argc && strcmp(argv[first], "--root") == 0)
		first += 2;
	if (first < argc && strcmp(argv[first], "--version") == 0) {
		puts("lighter-native version " LIGHTER_VERSION "\nspec: 1.2.0");
		return 0;
	}
	for (size_t i = 0; first < argc && i < array_size(verbs); i++)
		if (strcmp(argv[first], verbs[i].name) == 0)
			return verbs[i].run(argc, argv);
	fprintf(stderr, "lighter-native: no such verb: %s\n",
		first < argc ? argv[first] : "(none)");
	return 125;
}
