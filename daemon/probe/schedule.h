/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When to read the table of processes.
 *
 * Anonymous memory plus what merging took away (pages_sharing and zero pages)
 * does not move when ksmd merges or a guest breaks a merged page; it moves
 * when memory comes or goes. A move of PROBE_ANON_STEP_KIB makes the table due
 * at once, age makes it due anyway, and a table that is dear to read must wait
 * until reading it costs less than a hundredth of a core.
 *
 * Memory that moves all the time would have the table read at every tick. So
 * only SCHEDULE_QUICK walks may follow each other that closely, and one more
 * for every ten seconds passed; beyond that every other tick has to do, and
 * every fourth once SCHEDULE_VAIN walks found that none of it can merge.
 */
#ifndef DENSITY_PROBE_SCHEDULE_H
#define DENSITY_PROBE_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "../../policy/snap.h"

/* Ticks of one second come a little early at times. */
#define SCHEDULE_GAP_MIN_NS 750000000ull
#define SCHEDULE_GAP_LONG_NS 1750000000ull
#define SCHEDULE_GAP_VAIN_NS 3750000000ull
#define SCHEDULE_VAIN 4
#define SCHEDULE_QUICK 8
#define SCHEDULE_QUICK_AGAIN_NS 10000000000ull
#define SCHEDULE_COST_FACTOR 100
#define SCHEDULE_AGE_DEFAULT_MS 10000

struct probe_schedule {
	uint32_t age_ms;
	bool walked;
	uint64_t walked_ns;	/* when the table was read */
	uint64_t cost_ns;	/* CPU time that it took */
	uint64_t anon_pages;	/* the invariant sum at that time */
	uint64_t rest_pages;	/* the same when it last moved by a step */
	uint64_t mergeable_pages; /* of the processes, when that last did */
	uint32_t vain;		/* walks since */
	uint32_t quick_used;	/* of SCHEDULE_QUICK */
	uint64_t quick_ns;	/* when one was last given back */
};

/*
 * Is a walk due that asks everybody? @snap: counters are read, its table is
 * the old one.
 */
bool probe_schedule_due(const struct probe_schedule *schedule,
			const struct snap *snap);
/*
 * Has memory rested since it last moved by a step? A walk does not change the
 * answer, so that slow growth adds up. False when the host does not tell.
 */
bool probe_schedule_rests(const struct probe_schedule *schedule,
			  const struct snap *snap);
void probe_schedule_walked(struct probe_schedule *schedule,
			   const struct snap *snap, uint64_t cost_ns);

#endif
