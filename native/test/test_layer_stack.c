/* SPDX-License-Identifier: Apache-2.0 */
/* Layers read as one tree: whiteouts, opaque directories, and the way back up. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "layer_stack.h"

static void make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

	must(fd >= 0 && close(fd) == 0);
}

static void count_name(void *context, const char *name)
{
	(void)name;
	++*(int *)context;
}

static bool has(const struct layer_stack *stack, const char *name)
{
	struct stat status;

	return layer_stack_find(stack, name, &status) >= 0;
}

int main(void)
{
	char top[] = "/tmp/layer-stack-XXXXXX";
	char *items[2];
	struct string_list list = {.items = items, .count = 2};
	struct layer_stack stack;
	struct failure failure;
	int names = 0;

	must(mkdtemp(top) && chdir(top) == 0);
	must(mkdir("low", 0755) == 0 && mkdir("low/dir", 0755) == 0 &&
		mkdir("low/dir/deep", 0755) == 0 && mkdir("low/hidden", 0755) == 0);
	make_file("low/gone");
	make_file("low/dir/kept");
	make_file("low/hidden/below");
	must(mkdir("high", 0755) == 0 && mkdir("high/dir", 0755) == 0 &&
		mkdir("high/hidden", 0755) == 0);
	make_file("high/.wh.gone");
	make_file("high/dir/own");
	make_file("high/hidden/.wh..wh..opq");
	must(asprintf(&items[0], "%s/high", top) > 0 && asprintf(&items[1], "%s/low", top) > 0);
	must(layer_stack_open(&list, &stack, &failure) == 0);

	must(!has(&stack, "gone") && has(&stack, "dir") && !has(&stack, "nosuch"));
	must(layer_stack_names(&stack, count_name, &names) == 0 && names == 2);

	must(layer_stack_enter(&stack, "dir") == 0);
	must(has(&stack, "own") && has(&stack, "kept") && has(&stack, "deep"));
	must(layer_stack_enter(&stack, "deep") == 0 && !has(&stack, "own"));
	must(layer_stack_leave(&stack) == 0 && has(&stack, "own") && has(&stack, "kept"));
	must(layer_stack_enter(&stack, "nosuch") == 0 && !has(&stack, "own"));
	must(layer_stack_leave(&stack) == 0 && layer_stack_leave(&stack) == 0);
	must(has(&stack, "dir"));

	must(layer_stack_enter(&stack, "hidden") == 0 && !has(&stack, "below"));
	must(layer_stack_leave(&stack) == 0 && has(&stack, "hidden"));
	layer_stack_close(&stack);
	must(chdir("/") == 0);
	free(items[0]);
	free(items[1]);
	execl("/bin/rm", "rm", "-rf", top, NULL);
	return 1;
}
