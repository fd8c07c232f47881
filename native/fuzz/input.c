/* SPDX-License-Identifier: Apache-2.0 */
#include "input.h"

#include <fcntl.h>
#include <zlib.h>

#include "check.h"
#include "scenes.h"

static void load_layer(struct members *ret, const char *directory, const char *name)
{
	auto_free char *path = NULL;
	uint8_t block[65536];
	struct bytes plain = {0};
	gzFile file;
	int got;

	must(asprintf(&path, "%s/%s", directory, name) > 0);
	file = gzopen(path, "rbe");
	must(file, path);
	while ((got = gzread(file, block, sizeof(block))) > 0)
		bytes_add(&plain, block, (size_t)got);
	must(got == 0, path);
	gzclose(file);
	members_parse(ret, plain.at, plain.size);
	must(ret->count > 10, path);
	bytes_free(&plain);
}

void corpus_load(struct corpus *ret, const char *directory)
{
	static const char *const names[] = {"busybox.tar.gz", "debian.tar.gz"};

	for (size_t i = 0; i < array_size(names); i++)
		load_layer(&ret->layers[ret->count++], directory, names[i]);
}

void corpus_free(struct corpus *corpus)
{
	for (size_t i = 0; i < corpus->count; i++)
		members_free(&corpus->layers[i]);
}

/* Some members of a real layer, in their order. */
static void take_real(struct dice *dice, const struct corpus *corpus, struct members *ret)
{
	const struct members *layer = &corpus->layers[dice_below(dice, corpus->count)];
	size_t start = !dice_one_in(dice, 4) ? 0 : dice_below(dice, layer->count);
	size_t count = 1 + dice_below(dice, dice_one_in(dice, 10) ? layer->count : 40);

	for (size_t i = start; i < layer->count && i < start + count; i++)
		members_copy(ret, &layer->list[i]);
}

static void draw_members(struct dice *dice, const struct corpus *corpus, struct members *ret)
{
	bool real = dice_one_in(dice, 3);
	/* What is refused ends the archive: a long one is seldom read to its end. */
	unsigned most = dice_one_in(dice, 5) ? 10 : 3;
	unsigned scenes = dice_below(dice, most) + !real;

	if (real)
		take_real(dice, corpus, ret);
	for (; scenes > 0; scenes--)
		draw_scene(dice, ret);
	if (dice_one_in(dice, real ? 2 : 4))
		mutate_members(dice, ret);
}

/* What comes after the members: the end mark, none, a lot, or one more archive. */
static void end_archive(struct dice *dice, struct bytes *plain, const struct members *members)
{
	switch (dice_below(dice, 12)) {
	case 0:
		break;
	case 1:
		bytes_fill(plain, 0, BLOCK);
		break;
	case 2:
		bytes_fill(plain, 0, (size_t)BLOCK * (2 + dice_below(dice, 40)));
		break;
	case 3:
		bytes_fill(plain, 0, (size_t)BLOCK * (1 + dice_below(dice, 3)));
		members_write(members, plain);
		break;
	case 4:
		bytes_fill(plain, 0, (size_t)2 * BLOCK);
		bytes_add_text(plain, "behind the end");
		break;
	case 5:
		/* A file of zeros that compresses well. */
		if (dice_one_in(dice, 20))
			bytes_fill(plain, 0, (size_t)4 << 20);
		break;
	default:
		bytes_fill(plain, 0, (size_t)2 * BLOCK);
	}
}

void input_make(const struct corpus *corpus, uint64_t seed, uint64_t index, struct input *ret)
{
	struct dice dice = dice_for(seed, index);
	struct members members = {0};

	*ret = (struct input){0};
	draw_members(&dice, corpus, &members);
	members_write(&members, &ret->plain);
	end_archive(&dice, &ret->plain, &members);
	members_free(&members);
	if (dice_one_in(&dice, 14))
		mutate_bytes(&dice, &ret->plain);
	wrap_stream(&dice, ret);
	if (dice_one_in(&dice, 3))
		ret->pieces.state = dice_roll(&dice);
}

void input_load(const char *path, struct input *ret)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	*ret = (struct input){0};
	must(fd >= 0, path);
	bytes_read(&ret->stream, fd);
}

void input_free(struct input *input)
{
	bytes_free(&input->stream);
	bytes_free(&input->plain);
}
