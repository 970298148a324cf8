// SPDX-License-Identifier: GPL-2.0
/* shadow-sim: what dividing shadow pages by use makes of a host's VMs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

enum { EXIT_USAGE = 2 };

/* A VM that misses less than this under static has nothing to lose. */
#define MISSES_LEAST 200

static const char *const metrics[METRIC_COUNT] = {
	"avoidable faults, by static's", "of the VM that lost most",
	"pages given out, by KVM's", "decisions until settled",
	"limits set a decision",
};

struct pair {
	struct run still, law;
};

static double worst(const struct pair *pair)
{
	double most = 0;

	for (uint32_t i = 0; i < pair->law.nvms; i++) {
		double still = (double)pair->still.avoidable[i];
		double ratio = (double)pair->law.avoidable[i] /
			       (still > MISSES_LEAST ? still : MISSES_LEAST);

		if (ratio > most)
			most = ratio;
	}
	return most;
}

static double measure(const struct pair *pair, enum metric metric)
{
	switch (metric) {
	case METRIC_TOTAL:
		return (double)pair->law.total /
		       (double)(pair->still.total ? pair->still.total : 1);
	case METRIC_WORST:
		return worst(pair);
	case METRIC_BUDGET:
		return pair->law.budget;
	case METRIC_SETTLED:
		return pair->law.settled;
	default:
		return (double)pair->law.moves / pair->law.decisions;
	}
}

static void play(const struct scenario *scenario, bool trace, uint64_t seed,
		 struct pair *pair)
{
	int ret = run_scenario(scenario, false, false, seed, &pair->still);

	if (!ret)
		ret = run_scenario(scenario, true, trace, seed, &pair->law);
	if (ret) {
		fprintf(stderr, "shadow-sim: %s: %s\n", scenario->name,
			strerror(-ret));
		exit(EXIT_FAILURE);
	}
}

static int table(uint64_t seed)
{
	struct pair pair;

	printf("%-18s %10s %10s %6s %6s %7s %8s %6s\n", "", "static", "law",
	       "ratio", "worst", "budget", "settled", "moves");
	for (unsigned int i = 0; scenario_at(i); i++) {
		play(scenario_at(i), false, seed, &pair);
		printf("%-18s %10llu %10llu %6.3f %6.3f %7.3f %8.0f %6.2f\n",
		       scenario_at(i)->name,
		       (unsigned long long)pair.still.total,
		       (unsigned long long)pair.law.total,
		       measure(&pair, METRIC_TOTAL),
		       measure(&pair, METRIC_WORST),
		       measure(&pair, METRIC_BUDGET),
		       measure(&pair, METRIC_SETTLED),
		       measure(&pair, METRIC_MOVES));
	}
	return EXIT_SUCCESS;
}

static int check(uint64_t seed)
{
	unsigned int n = 0, failed = 0;
	struct pair pair;

	for (unsigned int i = 0; scenario_at(i); i++) {
		const struct scenario *scenario = scenario_at(i);

		play(scenario, false, seed, &pair);
		for (int c = 0; c < CLAIMS_MAX && scenario->claims[c].most > 0;
		     c++) {
			const struct claim *claim = &scenario->claims[c];
			double value = measure(&pair, claim->metric);
			bool ok = value <= claim->most;

			failed += !ok;
			printf("%sok %u - %s: %s: %.3f, at most %.3f\n",
			       ok ? "" : "not ", ++n, scenario->name,
			       metrics[claim->metric], value, claim->most);
		}
	}
	printf("1..%u\n", n);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int one(const char *name, uint64_t seed)
{
	struct pair pair;

	for (unsigned int i = 0; scenario_at(i); i++) {
		if (strcmp(scenario_at(i)->name, name))
			continue;
		play(scenario_at(i), true, seed, &pair);
		for (uint32_t vm = 0; vm < pair.law.nvms && vm < 12; vm++)
			printf("VM %2u: avoidable faults %8llu, static %8llu\n",
			       vm, (unsigned long long)pair.law.avoidable[vm],
			       (unsigned long long)pair.still.avoidable[vm]);
		for (int m = 0; m < METRIC_COUNT; m++)
			printf("%s: %.3f\n", metrics[m],
			       measure(&pair, (enum metric)m));
		printf("dearest decision: %.0f us\n",
		       (double)pair.law.law_ns / 1000);
		return EXIT_SUCCESS;
	}
	fprintf(stderr, "shadow-sim: no scenario %s; --list names them\n",
		name);
	return EXIT_USAGE;
}

static int list(void)
{
	for (unsigned int i = 0; scenario_at(i); i++)
		printf("%-18s %s\n", scenario_at(i)->name,
		       scenario_at(i)->about);
	return EXIT_SUCCESS;
}

static int usage(FILE *out)
{
	fputs("usage: shadow-sim SCENARIO         one scenario, each decision\n"
	      "       shadow-sim --table          all of them\n"
	      "       shadow-sim --check          what is claimed of the law, in TAP\n"
	      "       shadow-sim --list | --help\n"
	      "SEED=N in the environment gives other random numbers.\n", out);
	return out == stdout ? EXIT_SUCCESS : EXIT_USAGE;
}

int main(int argc, char **argv)
{
	const char *seed_text = getenv("SEED");
	uint64_t seed = seed_text ? strtoull(seed_text, NULL, 10) : 1;

	if (argc != 2)
		return usage(stderr);
	if (!strcmp(argv[1], "--help"))
		return usage(stdout);
	if (!strcmp(argv[1], "--list"))
		return list();
	if (!strcmp(argv[1], "--table"))
		return table(seed);
	if (!strcmp(argv[1], "--check"))
		return check(seed);
	if (*argv[1] == '-')
		return usage(stderr);
	return one(argv[1], seed);
}
