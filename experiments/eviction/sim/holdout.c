// SPDX-License-Identifier: GPL-2.0
/* Traces that were held out of the search. See holdout.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "holdout.h"

#define STEPS 60000

enum {
	ALIVE_MAX = 32,		/* processes at a time */
	LIFE_MIN = 300, LIFE_SPREAD = 900, LIFE_LONG = 8000,	/* in steps */
	SLICE_MIN = 20, SLICE_SPREAD = 150,
	POLICIES_MAX = 32,
};

struct holdout {
	const char *name;
	uint32_t cr3s, regions, limit;
	double exponent;
	uint32_t blocks;	/* touched at random in a region; processes
				 * of a guest that live long
				 */
	uint32_t param;		/* length of a loop, processes alive */
	void (*fill)(const struct holdout *holdout, uint64_t *random,
		     struct trace_step *steps);
};

/* xorshift64 (Marsaglia 2003) */
uint32_t holdout_below(uint64_t *random, uint32_t bound)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return (*random >> 32) % bound;
}

static struct trace_step step_at(uint16_t cr3, uint16_t region, uint32_t block)
{
	return (struct trace_step){ cr3, region,
				    block * TRACE_PAGES_PER_BLOCK };
}

static void fill_zipf(const struct holdout *holdout, uint64_t *random,
		      struct trace_step *steps)
{
	double share[TRACE_REGIONS_MAX], sum = 0;

	for (uint32_t r = 0; r < holdout->regions; r++)
		share[r] = sum += pow(r + 1, -holdout->exponent);
	for (int i = 0; i < STEPS; i++) {
		double point = holdout_below(random, UINT32_MAX) * sum /
			UINT32_MAX;
		uint32_t r = 0;

		while (r + 1 < holdout->regions && share[r] < point)
			r++;
		steps[i] = step_at(0, r, holdout_below(random, holdout->blocks));
	}
}

static void fill_loop(const struct holdout *holdout, uint64_t *random,
		      struct trace_step *steps)
{
	for (int i = 0; i < STEPS; i++)
		steps[i] = step_at(0, i % holdout->param,
				   holdout_below(random, holdout->blocks));
}

/* Steps of up to 15 regions either way, a jump now and then. */
static void fill_walk(const struct holdout *holdout, uint64_t *random,
		      struct trace_step *steps)
{
	uint32_t at = 0;

	for (int i = 0; i < STEPS; i++) {
		at = (at + holdout->regions + holdout_below(random, 31) - 15) %
			holdout->regions;
		if (!holdout_below(random, 500))
			at = holdout_below(random, holdout->regions);
		steps[i] = step_at(0, at, holdout_below(random, holdout->blocks));
	}
}

/* A process works most in its first regions, and in few blocks of each. */
struct trace_step holdout_process_step(uint16_t cr3, uint64_t *random)
{
	static const struct {
		uint32_t percent, first, regions;
	} parts[] = { { 40, 0, 2 }, { 70, 2, 3 }, { 95, 5, 4 }, { 100, 9, 20 } };
	uint32_t point = holdout_below(random, 100), part = 0;

	while (point >= parts[part].percent)
		part++;
	return step_at(cr3, parts[part].first + holdout_below(random,
						      parts[part].regions),
		       holdout_below(random, holdout_below(random, 100) < 70 ?
				     6 : 40));
}

/* They live in slots; one that ends leaves its slot to some later one. */
static void fill_processes(const struct holdout *holdout, uint64_t *random,
			   struct trace_step *steps)
{
	uint32_t slot[ALIVE_MAX], left[ALIVE_MAX], now = 0, slice = 0;
	bool used[TRACE_CR3S_MAX] = { false };

	for (uint32_t p = 0; p < holdout->param; p++) {
		slot[p] = p;
		left[p] = holdout_below(random, LIFE_LONG / 2);
		used[p] = true;
	}
	for (int i = 0; i < STEPS; i++) {
		if (!slice--) {
			now = holdout_below(random, holdout->param);
			slice = SLICE_MIN + holdout_below(random, SLICE_SPREAD);
		}
		steps[i] = holdout_process_step(slot[now], random);
		if (left[now]--)
			continue;
		used[slot[now]] = false;
		do
			slot[now] = holdout_below(random, holdout->cr3s);
		while (used[slot[now]]);
		used[slot[now]] = true;
		left[now] = LIFE_MIN + holdout_below(random, LIFE_SPREAD);
		if (!holdout_below(random, 4))
			left[now] += holdout_below(random, LIFE_LONG);
		slice = 0;
	}
}

static void fill_guest(const struct holdout *holdout, uint64_t *random,
		       struct trace_step *steps)
{
	const struct holdout_guest guest = {
		.cr3s = holdout->cr3s,
		.alive = holdout->param,
		.live_long = holdout->blocks,
		.exponent = holdout->exponent,
	};

	holdout_guest_fill(&guest, random, steps, STEPS);
}

static const struct holdout holdouts[] = {
	{ "zipf 0.6, 1 block", 1, 256, 96, .6, 1, 0, fill_zipf },
	{ "zipf 0.6, 8 blocks", 1, 256, 96, .6, 8, 0, fill_zipf },
	{ "zipf 0.9, 1 block", 1, 256, 96, .9, 1, 0, fill_zipf },
	{ "zipf 0.9, 64 blocks", 1, 256, 96, .9, 64, 0, fill_zipf },
	{ "zipf 1.2, 1 block", 1, 256, 96, 1.2, 1, 0, fill_zipf },
	{ "zipf 1.2, 8 blocks", 1, 256, 96, 1.2, 8, 0, fill_zipf },
	{ "zipf 1.4, 64 blocks", 1, 256, 96, 1.4, 64, 0, fill_zipf },
	{ "zipf 0.9, 2000 regions", 1, 2000, 1000, .9, 8, 0, fill_zipf },
	{ "uniform, 512 regions", 1, 512, 128, 0, 4, 0, fill_zipf },
	{ "loop 130", 1, 130, 128, 0, 1, 130, fill_loop },
	{ "loop 150, 4 blocks", 1, 150, 128, 0, 4, 150, fill_loop },
	{ "loop 220", 1, 220, 128, 0, 1, 220, fill_loop },
	{ "walk", 1, 512, 128, 0, 4, 0, fill_walk },
	{ "walk", 1, 512, 256, 0, 4, 0, fill_walk },
	{ "6 processes", 48, 29, 96, 0, 0, 6, fill_processes },
	{ "6 processes", 48, 29, 160, 0, 0, 6, fill_processes },
	{ "6 processes", 48, 29, 256, 0, 0, 6, fill_processes },
	{ "20 processes", 60, 29, 160, 0, 0, 20, fill_processes },
	{ "20 processes", 60, 29, 256, 0, 0, 20, fill_processes },
	{ "20 processes", 60, 29, 400, 0, 0, 20, fill_processes },
	{ "guest, 12 processes", 48, 120, 160, .9, 8, 12, fill_guest },
	{ "guest, 12 processes", 48, 120, 256, .9, 8, 12, fill_guest },
	{ "guest, 12 processes", 48, 120, 320, .9, 8, 12, fill_guest },
	{ "guest, 6 processes", 60, 120, 160, .7, 2, 6, fill_guest },
	{ "guest, 6 processes", 60, 120, 200, .7, 2, 6, fill_guest },
	{ "guest, 6 processes", 60, 120, 256, .7, 2, 6, fill_guest },
};

int holdout_make(unsigned int i, uint64_t seed, struct workload *ret_workload,
		 uint32_t *ret_limit)
{
	uint64_t random = 88172645463325252 + seed;
	struct trace_step *steps;
	int ret;

	if (i >= sizeof(holdouts) / sizeof(holdouts[0]))
		return -ENOENT;
	steps = calloc(STEPS, sizeof(*steps));
	if (!steps)
		return -ENOMEM;
	holdouts[i].fill(&holdouts[i], &random, steps);
	ret = workload_recorded(holdouts[i].name, steps, STEPS, ret_workload);
	free(steps);
	if (!ret)
		*ret_limit = holdouts[i].limit;
	return ret;
}

/* These two look for the next touch, and know of no space that ends. */
static bool is_judged(const struct workload *workload,
		      const struct policy *policy)
{
	if (policy != &policy_belady && policy != &policy_opt)
		return true;
	for (uint64_t i = 0; i < workload->nr_steps; i++)
		if (workload->steps[i].page == POOL_SPACE_ENDS)
			return false;
	return true;
}

enum metric { AVOIDABLE, RECYCLED, METRICS };

/* What became of one of them. */
struct row {
	const char *name;
	uint32_t limit;
	uint64_t fifo[METRICS];
	double by_fifo[METRICS][POLICIES_MAX];	/* 0: not judged */
};

static void measure(const struct workload *workload,
		    const struct pool_stats *stats, uint64_t *ret_counts)
{
	ret_counts[AVOIDABLE] = workload_avoidable(workload, stats);
	ret_counts[RECYCLED] = stats->evicted ? stats->evicted : 1;
}

static int play_row(const struct workload *workload, uint32_t limit,
		    struct row *ret_row)
{
	struct row row = { .name = workload->name, .limit = limit };
	struct pool_stats stats;
	uint64_t counts[METRICS];
	int ret;

	ret = workload_play(workload, &policy_fifo, limit, &stats);
	if (ret)
		return ret;
	measure(workload, &stats, row.fifo);
	for (size_t p = 1; policy_at(p); p++) {
		if (!is_judged(workload, policy_at(p)))
			continue;
		ret = workload_play(workload, policy_at(p), limit, &stats);
		if (ret)
			return ret;
		measure(workload, &stats, counts);
		for (int m = 0; m < METRICS; m++)
			row.by_fifo[m][p] = (double)counts[m] / row.fifo[m];
	}
	*ret_row = row;
	return 0;
}

static void print_mean(const struct row *rows, size_t nr, enum metric metric)
{
	printf("%-36s", "geometric mean by fifo");
	for (size_t p = 1; policy_at(p); p++) {
		double sum = 0;
		size_t n = 0;

		for (size_t i = 0; i < nr; i++) {
			if (rows[i].by_fifo[metric][p] > 0) {
				sum += log(rows[i].by_fifo[metric][p]);
				n++;
			}
		}
		printf(" %7.3f", exp(sum / n));
	}
	putchar('\n');
}

static void print_table(const struct row *rows, size_t nr, enum metric metric)
{
	printf("%-22s %5s %7s", metric == AVOIDABLE ? "faults above the floor" :
	       "pages recycled", "pool", "fifo");
	for (size_t p = 1; policy_at(p); p++)
		printf(" %7s", policy_at(p)->name);
	putchar('\n');
	for (size_t i = 0; i < nr; i++) {
		printf("%-22s %5u %7llu", rows[i].name, rows[i].limit,
		       (unsigned long long)rows[i].fifo[metric]);
		for (size_t p = 1; policy_at(p); p++) {
			if (rows[i].by_fifo[metric][p] > 0)
				printf(" %7.3f", rows[i].by_fifo[metric][p]);
			else
				printf(" %7s", "-");
		}
		putchar('\n');
	}
	print_mean(rows, nr, metric);
}

int holdout_table(uint64_t seed)
{
	struct row rows[sizeof(holdouts) / sizeof(holdouts[0])];
	struct workload workload;
	uint32_t limit;
	size_t n = 0;
	int ret;

	while (!(ret = holdout_make(n, seed, &workload, &limit))) {
		ret = play_row(&workload, limit, &rows[n++]);
		workload_free(&workload);
		if (ret)
			return ret;
	}
	if (ret != -ENOENT)
		return ret;
	print_table(rows, n, AVOIDABLE);
	putchar('\n');
	print_table(rows, n, RECYCLED);
	return 0;
}
