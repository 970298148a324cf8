/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_STRESS_H
#define PLAYER_STRESS_H

/*
 * What else userspace may do to a VM while its vCPUs run, each in a thread of
 * its own and as fast as it goes:
 *
 *   churn       dirty logging of all memory on, fetched, off; an unused slot
 *               created and deleted, which zaps every shadow page
 *   limit walk  the limit of shadow pages from 64 in doublings to unlimited, at
 *               once back to 64
 *
 * A failing ioctl ends the process, see player_die().
 */

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "vm.h"

struct stress {
	struct vm *vm;
	atomic_bool stop;
	pthread_t threads[2];
	unsigned int nthreads;
};

/** stress_start - @ret_stress stays where it is until stress_stop(). */
void stress_start(struct vm *vm, bool churn, bool limit_walk,
		  struct stress *ret_stress);

void stress_stop(struct stress *stress);

/** stress_kill_after - SIGKILL for this process; no thread may clean up. */
void stress_kill_after(unsigned int delay_ms);

#endif
