// SPDX-License-Identifier: GPL-2.0
/*
 * ksm-replay: one scenario on guests' memory under each setting of ksmd, in one
 * boot, as JSON lines on standard output (record.h). It takes ksmd for itself
 * and leaves it stopped: a job for a machine that exists for this, L1.
 *
 * Exit: 0, 1 when something failed, 2 usage, 4 when this kernel has no KSM.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "config.h"
#include "ksmd.h"
#include "record.h"

#define CANNOT	4
#define ROUNDS_MOST 100

static const char usage[] =
	"usage: ksm-replay [--rounds N] [--only CONFIG,...] "
	"[--moment-pages N | --moment-us N] IMAGES SCENARIO\n"
	"\n"
	"IMAGES is a directory. SCENARIO is one of\n";

struct options {
	unsigned int rounds;
	const char *only;		/* "off,both", NULL: all */
	struct bench bench;
	const struct scenario *scenario;
};

static void print_usage(FILE *file)
{
	fputs(usage, file);
	for (const struct scenario *s = scenarios; s->name; s++)
		fprintf(file, "  %-12s %s\n", s->name, s->about);
}

static int parse_number(const char *text, uint64_t least, uint64_t most,
			uint64_t *ret_value)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || *text < '0' || *text > '9' || *end || value < least ||
	    value > most) {
		fprintf(stderr, "ksm-replay: %s: a number from %llu to %llu is "
			"expected\n", text, (unsigned long long)least,
			(unsigned long long)most);
		return -EINVAL;
	}
	*ret_value = value;
	return 0;
}

static int parse_option(int option, struct options *options)
{
	uint64_t value;
	int ret;

	switch (option) {
	case 'r':
		ret = parse_number(optarg, 1, ROUNDS_MOST, &value);
		if (!ret)
			options->rounds = (unsigned int)value;
		return ret;
	case 'o':
		options->only = optarg;
		return 0;
	case 'p':
		return parse_number(optarg, 1, 1ull << 30,
				    &options->bench.moment_pages);
	case 'u':
		return parse_number(optarg, 1, 1ull << 40,
				    &options->bench.moment_us);
	default:
		return -EINVAL;
	}
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option longs[] = {
		{ "rounds", required_argument, NULL, 'r' },
		{ "only", required_argument, NULL, 'o' },
		{ "moment-pages", required_argument, NULL, 'p' },
		{ "moment-us", required_argument, NULL, 'u' },
		{ NULL, 0, NULL, 0 }
	};
	const struct scenario *scenario = scenarios;
	int option, ret;

	while ((option = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
		ret = parse_option(option, options);
		if (ret)
			return ret;
	}
	if (argc - optind != 2)
		return -EINVAL;
	options->bench.images = argv[optind];
	while (scenario->name && strcmp(scenario->name, argv[optind + 1]))
		scenario++;
	options->scenario = scenario;
	return scenario->name ? 0 : -EINVAL;
}

/* Is @name among the words of @list, which commas divide? */
static bool is_listed(const char *name, const char *list)
{
	size_t length = strlen(name);

	for (; list; list = strchr(list, ',')) {
		list += *list == ',';
		if (!strncmp(list, name, length) &&
		    (list[length] == ',' || !list[length]))
			return true;
	}
	return false;
}

static unsigned int choose(const char *only, const struct config **chosen)
{
	unsigned int count = 0;

	for (const struct config *c = configs; c->name; c++) {
		if (only && !is_listed(c->name, only))
			continue;
		if (config_can(c))
			chosen[count++] = c;
		else
			printf("{\"skip\": \"%s\"}\n", c->name);
	}
	return count;
}

static int run_once(struct options *options, const struct config *config,
		    unsigned int round)
{
	int ret = config_set(config);
	int cleared;

	if (ret)
		return ret;
	record_run(options->scenario->name, config->name, round);
	ret = options->scenario->run(&options->bench);
	cleared = bench_clear(&options->bench);
	return ret ? ret : cleared;
}

/* Every round begins with another one, so that none is always the first. */
static int run_all(struct options *options)
{
	const struct config *chosen[8];
	unsigned int count = choose(options->only, chosen);
	int ret = 0;

	for (unsigned int round = 0; round < options->rounds; round++) {
		for (unsigned int i = 0; !ret && i < count; i++)
			ret = run_once(options, chosen[(i + round) % count],
				       round);
	}
	if (!ret)
		record_done(options->scenario->name);
	return ret;
}

int main(int argc, char **argv)
{
	struct options options = { .rounds = 1,
				   .bench = { .moment_pages = 8192 } };
	int ret;

	if (parse(argc, argv, &options)) {
		print_usage(stderr);
		return 2;
	}
	ret = ksmd_init();
	if (ret == -ESRCH || ret == -ENOENT) {
		printf("this kernel has no KSM\n");
		return CANNOT;
	}
	if (!ret)
		ret = record_init();
	if (!ret)
		ret = run_all(&options);
	if (ret)
		fprintf(stderr, "ksm-replay: %s: %s\n", options.scenario->name,
			strerror(-ret));
	return ret ? 1 : 0;
}
