/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_HOLDOUT_H
#define EVICT_HOLDOUT_H

#include "workload.h"

/*
 * Traces that the search for a policy never saw: other popularity, other loops,
 * walks, chance, and processes that come and go. They are made here and not by
 * the player, for no kernel has to play them.
 */

/** holdout_below - a number from 0 to @bound - 1. */
uint32_t holdout_below(uint64_t *random, uint32_t bound);

/** holdout_process_step - what a process touches next. */
struct trace_step holdout_process_step(uint16_t cr3, uint64_t *random);

/* A guest with processes and a kernel; see holdout_guest.c. */
struct holdout_guest {
	uint32_t cr3s;
	uint32_t alive, live_long;	/* processes, and how many live long */
	double exponent;		/* of the kernel's popularity */
};

/** holdout_guest_fill - the steps of one. */
void holdout_guest_fill(const struct holdout_guest *spec, uint64_t *random,
			struct trace_step *steps, uint32_t nr_steps);

/** holdout_make - the i-th. 0, -ENOENT behind the last, -ENOMEM. */
int holdout_make(unsigned int i, uint64_t seed, struct workload *ret_workload,
		 uint32_t *ret_limit);

/**
 * holdout_table - play all under every policy and print ratios to FIFO, of faults
 * above the floor and of recycled pages.
 * Returns 0 or -errno.
 */
int holdout_table(uint64_t seed);

#endif
