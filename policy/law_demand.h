/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What waits to be merged, and how long a merge lasts here.
 *
 * Memory waits when processes with mergeable memory grow or appear (arrived),
 * and when the sharers of a page write to it (rewritten: the kernel counts the
 * copies). Neither can be seen for memory that was changed before it was ever
 * merged; the law's patrol finds that.
 *
 * A merged page saves its size for as long as nobody writes to it. That
 * lifetime is estimated as what is merged over the rate of copies, bounded by
 * the policy's horizon, so that memory whose merges do not last stops being
 * worth the hunt.
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
	uint64_t since_ns;	/* when waiting began; 0 = nothing waits */
	uint64_t grew_ns;	/* when it last grew */
	/* copies on write */
	uint64_t cow;
	uint64_t cow_rate_milli; /* pages a second x 1000, smoothed */
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
/* Seconds that a merge is expected to last, 1 .. horizon_s. */
uint32_t law_demand_lifetime_s(const struct law_demand *demand,
			       const struct law_params *params,
			       const struct snap *snap);

#endif
