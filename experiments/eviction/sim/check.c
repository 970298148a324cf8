// SPDX-License-Identifier: GPL-2.0
/*
 * The claims that README.md makes of the policies, as TAP. All are ratios of
 * counts within one run: exact, and the same on any machine.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"

struct tap {
	int n, failed;
};

static void claim(struct tap *tap, const char *what, double value, double most)
{
	bool ok = value <= most;

	tap->n++;
	tap->failed += !ok;
	printf("%sok %d - %s: %.3f, at most %.3f\n", ok ? "" : "not ", tap->n,
	       what, value, most);
}

static unsigned int pool_at(uint32_t limit)
{
	unsigned int p = 0;

	while (bench_pools[p].limit != limit)
		p++;
	return p;
}

static unsigned int trace_named(const char *name)
{
	unsigned int t = 0;

	while (strcmp(trace_at(t)->name, name))
		t++;
	return t;
}

static void check_means(const struct bench *bench, struct tap *tap)
{
	static const struct {
		uint32_t limit;
		double most;
	} rows[] = { { 96, .43 }, { 128, .43 }, { 320, .46 }, { 512, .51 } };
	char what[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(what, sizeof(what), "pool %u: reuse by FIFO, mean",
			 rows[i].limit);
		claim(tap, what, bench_mean(bench, pool_at(rows[i].limit),
					    "reuse", "fifo"), rows[i].most);
	}
	for (unsigned int p = 0; p < BENCH_POOLS; p++) {
		snprintf(what, sizeof(what), "pool %u: reuse by exact LRU, mean",
			 bench_pools[p].limit);
		claim(tap, what, bench_mean(bench, p, "reuse", "lru"), .82);
	}
}

static void check_traces(const struct bench *bench, struct tap *tap)
{
	static const struct {
		const char *trace;
		uint32_t limit;
		double most;
	} rows[] = {
		{ "zipf", 96, .42 }, { "mixedcost", 96, .22 },
		{ "loop", 160, .80 }, { "hotscan", 96, .30 },
	};
	char what[80];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(what, sizeof(what), "%s, pool %u: reuse by FIFO",
			 rows[i].trace, rows[i].limit);
		claim(tap, what, bench_ratio(bench, pool_at(rows[i].limit),
					     trace_named(rows[i].trace),
					     "reuse", "fifo"), rows[i].most);
	}
}

static void check_worst(const struct bench *bench, struct tap *tap)
{
	double worst = 0;

	for (unsigned int p = 0; p < BENCH_POOLS; p++) {
		for (unsigned int t = 0; t < bench->traces; t++) {
			double ratio = bench_ratio(bench, p, t, "reuse", "fifo");

			worst = ratio > worst ? ratio : worst;
		}
	}
	claim(tap, "reuse by FIFO, worst trace and pool", worst, 1.01);
}

static uint64_t longest(const struct bench *bench, const char *policy)
{
	uint64_t most = 0;

	for (unsigned int i = 0; i < bench->policies; i++) {
		if (strcmp(policy_at(i)->name, policy))
			continue;
		for (unsigned int p = 0; p < BENCH_POOLS; p++)
			for (unsigned int t = 0; t < bench->traces; t++)
				if (bench->stats[p][t][i].longest_sweep > most)
					most = bench->stats[p][t][i].longest_sweep;
	}
	return most;
}

int bench_check(const struct bench *bench)
{
	struct tap tap = { 0 };

	check_means(bench, &tap);
	check_traces(bench, &tap);
	check_worst(bench, &tap);
	claim(&tap, "longest sweep of reuse by the clock's",
	      (double)longest(bench, "reuse") / longest(bench, "clock"), 1);
	printf("1..%d\n", tap.n);
	return tap.failed;
}
