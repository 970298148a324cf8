// SPDX-License-Identifier: GPL-2.0
/* The bench: play it, and print it as a table. See bench.h. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"

const struct bench_pool bench_pools[BENCH_POOLS] = {
	{ 96, 256 }, { 128, 256 }, { 160, 256 }, { 320, 768 }, { 512, 1024 },
};

static int play_all(struct bench *bench, unsigned int pool, unsigned int trace)
{
	int ret = 0;

	for (unsigned int i = 0; i < bench->policies && !ret; i++)
		ret = workload_play(&bench->workloads[pool][trace],
				    policy_at(i), bench_pools[pool].limit,
				    &bench->stats[pool][trace][i]);
	return ret;
}

int bench_run(uint64_t seed, struct bench *ret_bench)
{
	struct bench *bench = ret_bench;
	int ret = 0;

	memset(bench, 0, sizeof(*bench));
	while (trace_at(bench->traces))
		bench->traces++;
	while (policy_at(bench->policies))
		bench->policies++;
	if (bench->traces > BENCH_TRACES || bench->policies > BENCH_POLICIES)
		return -EINVAL;
	for (unsigned int p = 0; p < BENCH_POOLS && !ret; p++) {
		const struct trace_size size = { .items = bench_pools[p].items };

		for (unsigned int t = 0; t < bench->traces && !ret; t++) {
			ret = workload_named(trace_at(t)->name, seed, &size,
					     &bench->workloads[p][t]);
			if (!ret)
				ret = play_all(bench, p, t);
		}
	}
	if (ret)
		bench_free(bench);
	return ret;
}

void bench_free(struct bench *bench)
{
	for (unsigned int p = 0; p < BENCH_POOLS; p++)
		for (unsigned int t = 0; t < BENCH_TRACES; t++)
			workload_free(&bench->workloads[p][t]);
}

static const struct pool_stats *stats_of(const struct bench *bench,
					 unsigned int pool, unsigned int trace,
					 const char *policy)
{
	unsigned int i = 0;

	while (strcmp(policy_at(i)->name, policy))
		i++;
	return &bench->stats[pool][trace][i];
}

double bench_ratio(const struct bench *bench, unsigned int pool,
		   unsigned int trace, const char *policy, const char *other)
{
	const struct workload *workload = &bench->workloads[pool][trace];

	return (double)workload_avoidable(workload, stats_of(bench, pool, trace,
							     policy)) /
	       workload_avoidable(workload, stats_of(bench, pool, trace, other));
}

double bench_mean(const struct bench *bench, unsigned int pool,
		  const char *policy, const char *other)
{
	double sum = 0;

	for (unsigned int t = 0; t < bench->traces; t++)
		sum += log(bench_ratio(bench, pool, t, policy, other));
	return exp(sum / bench->traces);
}

static void print_traces(const struct bench *bench, unsigned int pool)
{
	for (unsigned int t = 0; t < bench->traces; t++) {
		const struct workload *w = &bench->workloads[pool][t];

		printf("%-12s %7llu %7llu", w->name,
		       (unsigned long long)w->floor,
		       (unsigned long long)stats_of(bench, pool, t,
						    "fifo")->faults);
		for (unsigned int i = 1; i < bench->policies; i++)
			printf(" %7.3f", bench_ratio(bench, pool, t,
						     policy_at(i)->name, "fifo"));
		putchar('\n');
	}
}

static void print_means(const struct bench *bench, unsigned int pool)
{
	static const char *const others[] = { "fifo", "lru" };

	for (unsigned int o = 0; o < 2; o++) {
		printf("%-16s %-11s", "geometric mean by", others[o]);
		for (unsigned int i = 1; i < bench->policies; i++)
			printf(" %7.3f", bench_mean(bench, pool,
						    policy_at(i)->name,
						    others[o]));
		putchar('\n');
	}
}

static void print_recycled(const struct bench *bench, unsigned int pool)
{
	printf("%-28s", "recycled by fifo, mean");
	for (unsigned int i = 1; i < bench->policies; i++) {
		double sum = 0;

		for (unsigned int t = 0; t < bench->traces; t++)
			sum += log((double)bench->stats[pool][t][i].evicted /
				   stats_of(bench, pool, t, "fifo")->evicted);
		printf(" %7.3f", exp(sum / bench->traces));
	}
	putchar('\n');
}

/* What the path of an eviction reads, over all traces of a pool. */
static void print_path(const struct bench *bench, unsigned int pool)
{
	printf("%-28s", "entries read a victim");
	for (unsigned int i = 1; i < bench->policies; i++) {
		uint64_t reads = 0, victims = 0;

		for (unsigned int t = 0; t < bench->traces; t++) {
			reads += bench->stats[pool][t][i].spte_reads;
			victims += bench->stats[pool][t][i].evicted;
		}
		printf(" %7.1f", victims ? (double)reads / victims : 0);
	}
	printf("\n%-28s", "longest sweep");
	for (unsigned int i = 1; i < bench->policies; i++) {
		uint64_t longest = 0;

		for (unsigned int t = 0; t < bench->traces; t++)
			if (bench->stats[pool][t][i].longest_sweep > longest)
				longest = bench->stats[pool][t][i].longest_sweep;
		printf(" %7llu", (unsigned long long)longest);
	}
	putchar('\n');
}

void bench_table(const struct bench *bench)
{
	puts("Faults above the floor, by those of FIFO; floor and fifo are faults.\n"
	     "lru, lru25, belady and opt are oracles.");
	for (unsigned int p = 0; p < BENCH_POOLS; p++) {
		printf("\npool %u, %u regions\n%-12s %7s", bench_pools[p].limit,
		       bench_pools[p].items, "trace", "floor");
		for (unsigned int i = 0; i < bench->policies; i++)
			printf(" %7s", policy_at(i)->name);
		putchar('\n');
		print_traces(bench, p);
		print_means(bench, p);
		print_recycled(bench, p);
		print_path(bench, p);
	}
}
