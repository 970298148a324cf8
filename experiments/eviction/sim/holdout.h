/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_HOLDOUT_H
#define EVICT_HOLDOUT_H

#include "workload.h"

/*
 * Traces that the search for a policy never saw: other popularity, other loops,
 * walks, chance, and processes that come and go. They are made here and not by
 * the player, for no kernel has to play them.
 */

/** holdout_make - the i-th. 0, -ENOENT behind the last, -ENOMEM. */
int holdout_make(unsigned int i, uint64_t seed, struct workload *ret_workload,
		 uint32_t *ret_limit);

/**
 * holdout_table - play all under every policy and print ratios to FIFO.
 * Returns 0 or -errno.
 */
int holdout_table(uint64_t seed);

#endif
