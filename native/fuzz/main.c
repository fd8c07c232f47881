/* SPDX-License-Identifier: Apache-2.0 */
/* Applies hostile layers by the thousand: `test_layer_fuzz [COUNT [SEED]]`, or `test_layer_fuzz
 * FILE…` for inputs that were found. Each input comes from its seed and its number alone. With
 * LIGHTER_FUZZ_VERBOSE=1 it says what became of each. */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "check.h"
#include "copy.h"
#include "input.h"
#include "sabotage.h"
#include "scope.h"
#include "trial.h"
#include "verbs.h"

/* What `make check` does: a share that costs seconds. */
#define DEFAULT_COUNT 600
#define DEFAULT_SEED 1

#define FOUND FUZZ_DIRECTORY "/found"

enum { WORKERS_MAX = 16, FAULTS_MAX = 16 };

/* What workers tell; each has its own. */
struct tally {
	uint64_t at; /* the input it is busy with, for the case that it dies of it */
	uint64_t applied, refused, faults;
	uint64_t kept, fault_at[FAULTS_MAX];
	long memory;
	double seconds;
};

static struct corpus corpus;

const char *__asan_default_options(void);

/* Processes live shortly, and are forked often. */
const char *__asan_default_options(void)
{
	return "detect_leaks=0:quarantine_size_mb=4:exitcode=99";
}

const char *__ubsan_default_options(void);

const char *__ubsan_default_options(void)
{
	return "print_stacktrace=1";
}

static void note(struct tally *tally, const struct outcome *outcome)
{
	if (outcome->verdict == TRIAL_APPLIED)
		tally->applied++;
	else if (outcome->verdict == TRIAL_REFUSED)
		tally->refused++;
	else
		tally->faults++;
	if (outcome->memory > tally->memory)
		tally->memory = outcome->memory;
	if (outcome->seconds > tally->seconds)
		tally->seconds = outcome->seconds;
}

/* All bytes of the world, at the end. */
static void expect_same(const struct world *world)
{
	auto_free char *difference = world_difference(world, true);

	must(!difference, difference);
}

/* Orphans of a trial become the worker's, and it ends with the run. */
static void enter(struct world *world)
{
	world_enter(world);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
	/* Entering a namespace forgets it. */
	must(prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0);
}

/* Applies an input in one way, and says what is wrong. */
static void try(struct tally *tally, const struct world *world, const struct input *input,
	enum trial_kind kind, const char *name)
{
	static const char *const kinds[] = {"layer", "layer of one id", "copy"};
	struct outcome outcome;

	trial_run(world, input, kind, kind == TRIAL_COPY ? copy_main : verb_layer, &outcome);
	note(tally, &outcome);
	if (outcome.verdict == TRIAL_FAULT || getenv("LIGHTER_FUZZ_VERBOSE"))
		printf("%s, %s: %s\n", name, kinds[kind], outcome.text ? outcome.text : "applied");
	fflush(stdout);
	free(outcome.text);
}

static void work(struct tally *tally, uint64_t seed, uint64_t first, uint64_t step, uint64_t end)
{
	struct world world;

	enter(&world);
	for (uint64_t index = first; index < end && tally->faults < FAULTS_MAX; index += step) {
		uint64_t before = tally->faults;
		struct input input;
		char name[64];

		tally->at = index;
		snprintf(name, sizeof(name), "input %" PRIu64 " of seed %" PRIu64, index, seed);
		input_make(&corpus, seed, index, &input);
		try(tally, &world, &input, index % 4 == 3 ? TRIAL_SQUASHED : TRIAL_LAYER, name);
		if (index % 5 == 0)
			try(tally, &world, &input, TRIAL_COPY, name);
		if (tally->faults > before)
			tally->fault_at[tally->kept++] = index;
		input_free(&input);
	}
	expect_same(&world);
}

/* Inputs of files, in each way. */
static void replay(struct tally *tally, char **paths, size_t count)
{
	struct input *inputs = calloc(count + 1, sizeof(*inputs));
	struct world world;

	must(inputs);
	for (size_t i = 0; i < count; i++)
		input_load(paths[i], &inputs[i]);
	enter(&world);
	for (size_t i = 0; i < count; i++)
		for (enum trial_kind kind = TRIAL_LAYER; kind <= TRIAL_COPY; kind++)
			try(tally, &world, &inputs[i], kind, paths[i]);
	expect_same(&world);
	fflush(stdout);
}

static void save(uint64_t seed, uint64_t index)
{
	char path[64];
	struct input input;
	int fd;

	snprintf(
		path, sizeof(path), "/tmp/lighter-fuzz-%" PRIu64 "-%" PRIu64 ".layer", seed, index);
	input_make(&corpus, seed, index, &input);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && write(fd, input.stream.at, input.stream.size) == (ssize_t)input.stream.size)
		printf("kept as %s\n", path);
	if (fd >= 0)
		close(fd);
	input_free(&input);
}

static unsigned count_workers(void)
{
	cpu_set_t set;
	int count = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : 1;

	return count < WORKERS_MAX ? (unsigned)count : WORKERS_MAX;
}

static struct tally *make_tallies(unsigned count)
{
	void *made = mmap(NULL, count * sizeof(struct tally), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	must(made != MAP_FAILED);
	return made;
}

static void expect_worker(pid_t worker, const struct tally *tally)
{
	int status;

	must(waitpid(worker, &status, 0) == worker);
	if (status != 0) {
		printf("the worker died at input %" PRIu64 " (status %d)\n", tally->at, status);
		failures++;
	}
}

static struct tally run(uint64_t seed, uint64_t count)
{
	unsigned workers = count_workers();
	struct tally *tallies = make_tallies(workers), sum = {0};
	pid_t pids[WORKERS_MAX];

	for (unsigned i = 0; i < workers; i++) {
		pids[i] = fork();
		must(pids[i] >= 0);
		if (pids[i] == 0) {
			work(&tallies[i], seed, i, workers, count);
			_exit(0);
		}
	}
	for (unsigned i = 0; i < workers; i++) {
		const struct tally *tally = &tallies[i];

		expect_worker(pids[i], tally);
		for (uint64_t j = 0; j < tally->kept; j++)
			save(seed, tally->fault_at[j]);
		sum.applied += tally->applied;
		sum.refused += tally->refused;
		sum.faults += tally->faults;
		sum.memory = tally->memory > sum.memory ? tally->memory : sum.memory;
		sum.seconds = tally->seconds > sum.seconds ? tally->seconds : sum.seconds;
	}
	return sum;
}

static uint64_t run_files(char **paths, size_t count)
{
	struct tally *tally = make_tallies(1);
	pid_t worker = fork();

	must(worker >= 0);
	if (worker == 0) {
		replay(tally, paths, count);
		_exit(0);
	}
	expect_worker(worker, tally);
	check(tally->faults == 0);
	return tally->applied + tally->refused;
}

/* What was wrong once. */
static void run_found(void)
{
	struct dirent **entries;
	char *paths[256];
	size_t count = 0;
	int found = scandir(FOUND, &entries, NULL, alphasort);

	for (int i = 0; i < found; i++) {
		if (entries[i]->d_name[0] != '.' && count < array_size(paths))
			must(asprintf(&paths[count++], "%s/%s", FOUND, entries[i]->d_name) > 0);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	check(run_files(paths, count) == 3 * count);
	while (count > 0)
		free(paths[--count]);
}

static void fuzz(uint64_t count, uint64_t seed)
{
	struct timespec start, end;
	struct tally sum;

	clock_gettime(CLOCK_MONOTONIC, &start);
	sum = run(seed, count);
	clock_gettime(CLOCK_MONOTONIC, &end);
	printf("%" PRIu64 " inputs of seed %" PRIu64 ": %" PRIu64 " applied, %" PRIu64
	       " refused, %" PRIu64 " faults; at most %ld MiB and %.1f s; %ld s in all\n",
		count, seed, sum.applied, sum.refused, sum.faults, sum.memory / 1024, sum.seconds,
		(long)(end.tv_sec - start.tv_sec));
	check(sum.faults == 0 && sum.applied + sum.refused >= count);
	/* Inputs that all fail at the first byte would prove nothing. */
	check(count < 100 || (sum.applied > count / 10 && sum.refused > count / 10));
}

int main(int argc, char **argv)
{
	const char *impossible = world_is_impossible();
	char *end = NULL;
	uint64_t count = argc > 1 ? strtoull(argv[1], &end, 10) : DEFAULT_COUNT;

	if (impossible)
		return skip(impossible);
	corpus_load(&corpus, FUZZ_DIRECTORY "/corpus");
	if (end && *end) {
		printf("%" PRIu64 " applied or refused without a fault\n",
			run_files(argv + 1, (size_t)argc - 1));
	} else {
		sabotage_is_noticed(&corpus);
		run_found();
		fuzz(count, argc > 2 ? strtoull(argv[2], NULL, 10) : DEFAULT_SEED);
	}
	corpus_free(&corpus);
	return failures > 0;
}
