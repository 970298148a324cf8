/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What waits to be merged, and how long a merge lasts here.
 *
 * Memory waits when processes with mergeable memory grow or appear (arrived),
 * and when the sharers of a page write to it (rewritten: the kernel counts the
 * copies). Neither can be seen for memory that was changed before it was ever
 * merged; the law's patrol finds that.
 *
 * A merged page saves its size for as long as nobody writes to it. How long
 * that is is observed: the time from a hunt until half of what was merged has
 * been copied. It holds for what was rewritten; newcomers are given the
 * policy's horizon, so that one guest that storms does not spoil the others.
 * Peace lengthens the estimate again, more slowly after each storm.
 */
#ifndef DENSITY_LAW_DEMAND_H
#define DENSITY_LAW_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "law.h"

struct law_demand {
	bool primed;
	bool first_look_done;
	/* the table of processes at the last look */
	uint64_t vms_seq;
	uint64_t newest_start;	/* largest start time seen */
	uint64_t known_pages;	/* weighted pages of the processes known */
	uint64_t population;	/* the same plus the new ones */
	/* what waits, pages */
	uint64_t arrived;
	bool newcomer;		/* some of it in a process not seen before */
	uint64_t rewritten;
	uint64_t since_ns;	/* when enough waited; 0 = not yet */
	uint64_t grew_ns;	/* when it last grew */
	/* copies on write, since the mark */
	uint64_t cow;
	uint64_t mark_ns;	/* the last hunt's end, or half-life since */
	uint64_t mark_pages;	/* merged then */
	uint64_t mark_copies;	/* copied since */
	uint64_t life_s;	/* observed; UINT32_MAX = never seen to end */
	uint64_t copied_ns;	/* when half was last seen copied */
	uint32_t strikes;	/* lives in a row that were too short */
	uint64_t mono_ns;
};

void law_demand_init(struct law_demand *demand);
void law_demand_update(struct law_demand *demand,
		       const struct law_params *params,
		       const struct snap *snap);
/* Enough waits to think about a hunt. */
bool law_demand_waits(const struct law_demand *demand,
		      const struct law_params *params);
/* The hunt has begun: what waited is in hand. */
void law_demand_take(struct law_demand *demand);
/*
 * A pass is over and merged @gain pages: those wait no longer, and when they
 * are many, lifetimes count from now.
 */
void law_demand_merged(struct law_demand *demand, const struct snap *snap,
		       int64_t gain);
/* The hunt is over: lifetimes count from now. */
void law_demand_mark(struct law_demand *demand, const struct snap *snap);
/* Seconds that a merge of rewritten memory is expected to last, 1 .. horizon_s. */
uint32_t law_demand_life_s(const struct law_demand *demand,
			   const struct law_params *params);

#endif
