// SPDX-License-Identifier: GPL-2.0
/* evict-sim: what eviction policies make of access traces. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../lab/player/trace_file.h"
#include "bench.h"
#include "holdout.h"
#include "policy_reuse.h"
#include "validate.h"

enum { EXIT_USAGE = 2 };

enum mode {
	MODE_NONE, MODE_ONE, MODE_TABLE, MODE_CHECK, MODE_HELD_OUT, MODE_VALIDATE,
};

struct args {
	enum mode mode;
	const char *trace, *file;
	const struct policy *policy;
	uint32_t limit;
	uint64_t seed;
	struct trace_size size;
};

static const struct {
	const char *name;
	uint32_t *value, most;
} constants[] = {
	{ "window", &reuse_tuning.window, 1000 },
	{ "sample", &reuse_tuning.sample, 1000 },
	{ "upper", &reuse_tuning.upper, 1000 },
	{ "edge", &reuse_tuning.edge_percent, 10000 },
	{ "doubt", &reuse_tuning.doubt, 1000 },
	{ "memory", &reuse_tuning.memory, 255 },
	{ "horizon", &reuse_tuning.horizon, 1000 },
};

static void usage(FILE *out)
{
	fputs("usage: evict-sim --trace TRACE --policy POLICY [--pool PAGES]\n"
	      "                 [--items N] [--cr3s N] [--steps N] [--seed N]\n"
	      "       evict-sim --table [--seed N]     every trace, pool and policy\n"
	      "       evict-sim --check [--seed N]     what README.md claims, in TAP\n"
	      "       evict-sim --held-out [--seed N]  traces that the search did not see\n"
	      "       evict-sim --validate FILE        against counts of a kernel, in TAP\n"
	      "       evict-sim --list                 traces, policies, constants\n"
	      "       evict-sim --help | --version\n"
	      "TRACE is a name or file:PATH. --set NAME=VALUE changes a constant of reuse.\n",
	      out);
}

static void list(void)
{
	puts("traces:");
	for (size_t i = 0; trace_at(i); i++)
		printf("  %-10s %s\n", trace_at(i)->name, trace_at(i)->about);
	puts("policies:");
	for (size_t i = 0; policy_at(i); i++)
		printf("  %-10s %s\n", policy_at(i)->name, policy_at(i)->about);
	puts("constants of reuse, for --set:");
	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++)
		printf("  %-10s %u\n", constants[i].name, *constants[i].value);
}

static _Noreturn void refuse(const char *what, const char *value)
{
	fprintf(stderr, "evict-sim: %s: %s\n", what, value);
	exit(EXIT_USAGE);
}

static uint64_t number(const char *text, uint64_t least, uint64_t most)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end || errno || value < least ||
	    value > most)
		refuse("not a number in range", text);
	return value;
}

static void set_constant(const char *text)
{
	const char *value = strchr(text, '=');

	for (size_t i = 0; i < sizeof(constants) / sizeof(constants[0]); i++) {
		size_t n = strlen(constants[i].name);

		if (value == text + n && !strncmp(text, constants[i].name, n)) {
			*constants[i].value = number(value + 1, 1,
						     constants[i].most);
			return;
		}
	}
	refuse("no such constant", text);
}

static const struct option options[] = {
	{ "trace", required_argument, NULL, 't' },
	{ "policy", required_argument, NULL, 'p' },
	{ "pool", required_argument, NULL, 'n' },
	{ "items", required_argument, NULL, 'i' },
	{ "cr3s", required_argument, NULL, 'c' },
	{ "steps", required_argument, NULL, 's' },
	{ "seed", required_argument, NULL, 'r' },
	{ "set", required_argument, NULL, 'k' },
	{ "table", no_argument, NULL, 'T' },
	{ "check", no_argument, NULL, 'C' },
	{ "held-out", no_argument, NULL, 'H' },
	{ "validate", required_argument, NULL, 'V' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'v' },
	{ 0 },
};

/* Options that answer at once end the program. */
static void take_option(int option, struct args *args)
{
	switch (option) {
	case 't':
		args->mode = MODE_ONE;
		args->trace = optarg;
		break;
	case 'p':
		args->policy = policy_find(optarg);
		if (!args->policy)
			refuse("no such policy", optarg);
		break;
	case 'n':
		args->limit = number(optarg, 1, POOL_LIMIT_NONE);
		break;
	case 'i':
		args->size.items = number(optarg, 1, TRACE_ITEMS_MAX);
		break;
	case 'c':
		args->size.cr3s = number(optarg, 1, TRACE_CR3S_MAX);
		break;
	case 's':
		args->size.steps = number(optarg, 1, 100000000);
		break;
	case 'r':
		args->seed = number(optarg, 0, UINT64_MAX);
		break;
	case 'k':
		set_constant(optarg);
		break;
	case 'T':
		args->mode = MODE_TABLE;
		break;
	case 'C':
		args->mode = MODE_CHECK;
		break;
	case 'H':
		args->mode = MODE_HELD_OUT;
		break;
	case 'V':
		args->mode = MODE_VALIDATE;
		args->file = optarg;
		break;
	case 'l':
		list();
		exit(EXIT_SUCCESS);
	case 'h':
		usage(stdout);
		exit(EXIT_SUCCESS);
	case 'v':
		puts("evict-sim " DENSITY_VERSION);
		exit(EXIT_SUCCESS);
	default:
		usage(stderr);
		exit(EXIT_USAGE);
	}
}

static struct args parse(int argc, char **argv)
{
	struct args args = {
		.policy = &policy_reuse, .limit = POOL_LIMIT_NONE, .seed = 1,
	};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0)
		take_option(option, &args);
	if (optind != argc)
		refuse("unexpected", argv[optind]);
	if (args.mode == MODE_NONE) {
		usage(stderr);
		exit(EXIT_USAGE);
	}
	return args;
}

static int load(const struct args *args, struct workload *ret_workload)
{
	char error[TRACE_FILE_ERROR_SIZE] = "";
	int ret;

	if (!strncmp(args->trace, "file:", 5)) {
		ret = workload_file(args->trace + 5, error, ret_workload);
	} else {
		if (!trace_find(args->trace))
			refuse("no such trace", args->trace);
		ret = workload_named(args->trace, args->seed, &args->size,
				     ret_workload);
	}
	if (ret)
		fprintf(stderr, "evict-sim: %s: %s\n", args->trace,
			error[0] ? error : strerror(-ret));
	return ret;
}

static int run_one(const struct args *args)
{
	struct workload workload;
	struct pool_stats stats;
	int ret;

	ret = load(args, &workload);
	if (ret)
		return ret;
	ret = workload_play(&workload, args->policy, args->limit, &stats);
	if (!ret)
		printf("pf_taken %llu\nfloor %llu\nmmu_cache_miss %llu\n"
		       "mmu_recycled %llu\nspte_reads %llu\nlongest_sweep %llu\n"
		       "made_room %llu\n", (unsigned long long)stats.faults,
		       (unsigned long long)workload.floor,
		       (unsigned long long)stats.created,
		       (unsigned long long)stats.evicted,
		       (unsigned long long)stats.spte_reads,
		       (unsigned long long)stats.longest_sweep,
		       (unsigned long long)stats.made_room);
	workload_free(&workload);
	return ret;
}

static int run_bench(const struct args *args)
{
	static struct bench bench;
	int ret;

	ret = bench_run(args->seed, &bench);
	if (ret)
		return ret;
	if (args->mode == MODE_CHECK)
		ret = bench_check(&bench);
	else
		bench_table(&bench);
	bench_free(&bench);
	return ret;
}

static int run_validate(const struct args *args)
{
	FILE *stream = fopen(args->file, "re");
	int ret;

	if (!stream) {
		ret = -errno;
		fprintf(stderr, "evict-sim: %s: %s\n", args->file,
			strerror(-ret));
		return ret;
	}
	ret = validate_counts(stream, args->file, stdout);
	fclose(stream);
	return ret;
}

int main(int argc, char **argv)
{
	struct args args = parse(argc, argv);
	int ret;

	if (args.mode == MODE_ONE)
		ret = run_one(&args);
	else if (args.mode == MODE_VALIDATE)
		ret = run_validate(&args);
	else if (args.mode == MODE_HELD_OUT)
		ret = holdout_table(args.seed);
	else
		ret = run_bench(&args);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
