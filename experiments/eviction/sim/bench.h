/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_BENCH_H
#define EVICT_BENCH_H

/*
 * The bench: every trace at every pool under every policy. Pools of 320 and 512
 * pages have traces over more regions, for 256 regions nearly fit in them.
 */

#include "workload.h"

#define BENCH_POOLS	5
#define BENCH_TRACES	16	/* at most */
#define BENCH_POLICIES	16	/* at most */

struct bench_pool {
	uint32_t limit, items;
};

extern const struct bench_pool bench_pools[BENCH_POOLS];

struct bench {
	unsigned int traces, policies;
	struct workload workloads[BENCH_POOLS][BENCH_TRACES];
	struct pool_stats stats[BENCH_POOLS][BENCH_TRACES][BENCH_POLICIES];
};

/** bench_run - play everything. Returns 0, -ENOMEM or -EINVAL. */
int bench_run(uint64_t seed, struct bench *ret_bench);

/** bench_free - drop the traces. */
void bench_free(struct bench *bench);

/** bench_ratio - avoidable faults of a policy by those of another. */
double bench_ratio(const struct bench *bench, unsigned int pool,
		   unsigned int trace, const char *policy, const char *other);

/** bench_mean - geometric mean of bench_ratio() over the traces of a pool. */
double bench_mean(const struct bench *bench, unsigned int pool,
		  const char *policy, const char *other);

/** bench_table - print everything for people. */
void bench_table(const struct bench *bench);

/** bench_check - print the claims of README.md as TAP. Returns failures. */
int bench_check(const struct bench *bench);

#endif
