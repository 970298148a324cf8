/* SPDX-License-Identifier: GPL-2.0 */
#ifndef REPLAY_KSMD_H
#define REPLAY_KSMD_H

/*
 * The kernel's ksmd, driven pass by pass or batch by batch: between two calls
 * it sleeps, so what a caller changes meanwhile it finds all at once.
 */

#include <stdint.h>

/** struct ksmd_watch - is called some hundred times a pass. */
struct ksmd_watch {
	int (*tick)(void *context);
	void *context;
};

/** ksmd_init - find the thread; -ESRCH: none, or no right to drive it. */
int ksmd_init(void);

/**
 * ksmd_reset - forget all pages: what is merged is copied again, no stable
 * node stays. Processes with mergeable memory should end next, then
 * ksmd_rest(). Both sleep until it is done.
 */
int ksmd_reset(void);

/** ksmd_rest - ksmd sleeps until the next ksmd_pass() or ksmd_batch(). */
int ksmd_rest(void);

/**
 * ksmd_pass - one pass over all mergeable memory, @watch (may be NULL) being
 * called during it. -ETIMEDOUT: there is no end to it. The callback's errors
 * are passed on.
 */
int ksmd_pass(const struct ksmd_watch *watch);

/** ksmd_batch - @pages pages, or fewer if the pass ends. */
int ksmd_batch(uint64_t pages);

/** ksmd_cpu_ns - CPU time of ksmd since boot, of the scheduler's books. */
int ksmd_cpu_ns(uint64_t *ret_cpu_ns);

#endif
