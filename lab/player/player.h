/* SPDX-License-Identifier: GPL-2.0 */
#ifndef PLAYER_PLAYER_H
#define PLAYER_PLAYER_H

/*
 * One playback: a VM, a thread for each vCPU, its counters.
 *
 * Each vCPU plays a trace of its own, all in the same address spaces: vCPU v
 * has the seed raised by v and its address spaces rotated by v. After `warm`
 * steps the vCPUs wait for each other, the counters are marked, and all go on.
 * Steps are made while the guest stands still; run_tsc counts time in KVM_RUN.
 *
 * Failure of a vCPU ends the process at once, with a message and status 1: the
 * other threads may be deep in the kernel, and a VM that lost a vCPU measures
 * nothing.
 */

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "guest_map.h"
#include "trace.h"

struct playback {
	const struct trace *traces;	/* vcpus of them, at their begin */
	unsigned int vcpus;
	uint64_t warm;			/* steps before counting begins */
	unsigned int limit_pages;	/* shadow pages */
	unsigned int seconds;		/* if not 0: play for so long instead */
	bool write;			/* touch by writing */
	bool churn, limit_walk;		/* stress, see stress.h */
};

struct playback_result {
	uint64_t steps;			/* counted ones, of all vCPUs */
	uint64_t run_tsc;
	char *counters;			/* text of stats_print(); caller frees */
};

/** playback_run - 0 or -errno, then a message has been printed. */
int playback_run(const struct playback *playback,
		 struct playback_result *ret_result);

/** player_die - print "trace-player: what: strerror" and exit(1). */
_Noreturn void player_die(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
