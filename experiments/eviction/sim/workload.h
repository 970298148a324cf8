/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_WORKLOAD_H
#define EVICT_WORKLOAD_H

#include "policy.h"

/* A trace in memory, and what 6.12 makes of it. */
struct workload {
	const char *name;
	struct trace_step *steps;	/* owned */
	uint64_t nr_steps;
	uint32_t cr3s, regions;
	uint64_t floor;			/* faults in a pool without limit */
};

/** workload_named - a trace of lab/player. 0, -EINVAL, -ENOMEM. */
int workload_named(const char *name, uint64_t seed,
		   const struct trace_size *size, struct workload *ret_workload);

/** workload_recorded - of given steps, which are copied. 0 or -ENOMEM. */
int workload_recorded(const char *name, const struct trace_step *steps,
		      uint64_t nr_steps, struct workload *ret_workload);

/**
 * workload_file - a recorded trace. 0 or -errno, then @error says what is wrong
 * (TRACE_FILE_ERROR_SIZE bytes).
 */
int workload_file(const char *path, char *error,
		  struct workload *ret_workload);

void workload_free(struct workload *workload);

/** workload_play - from an empty pool to the end. 0 or -ENOMEM. */
int workload_play(const struct workload *workload, const struct policy *policy,
		  uint32_t limit, struct pool_stats *ret_stats);

/** workload_avoidable - faults above the floor, at least 1 (for ratios). */
uint64_t workload_avoidable(const struct workload *workload,
			    const struct pool_stats *stats);

#endif
