/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Patrol: how often ksmd looks around when nothing waits for it, and where in
 * smart_scan's cycle it comes to rest.
 *
 * Its CPU is paid from a budget, patrol_upermille of a core: the next pass may
 * begin when the budget has paid for what was spent before.
 *
 * A hunt that meets the turn of many old pages (law_turns.h) would have to wait
 * until the cap has paid for them. Patrol looks at those pages anyway, sooner or
 * later; it does so ahead of time, on credit, so that ksmd rests where the next
 * hunt will not meet them.
 */
#ifndef DENSITY_LAW_PATROL_H
#define DENSITY_LAW_PATROL_H

#include <stdbool.h>
#include <stdint.h>

#include "law.h"
#include "law_turns.h"

#define LAW_PATROL_NEVER_NS UINT64_MAX

struct law_patrol {
	struct law_turns turns;
	uint64_t paid_ns;	/* when the budget has paid for what was spent */
};

/* The credit: what the budget pays for in the longest time between two looks. */
uint64_t law_patrol_purse_ns(const struct law_params *params);

/*
 * @spent_ns of CPU went into a pass that did not pay; a page that smart_scan
 * would skip costs @late_ns. When is the next pass? LAW_PATROL_NEVER_NS where
 * the policy forbids to patrol.
 */
uint64_t law_patrol_next_ns(struct law_patrol *patrol,
			    const struct law_params *params, uint64_t now_ns,
			    uint64_t spent_ns, uint64_t late_ns);

/* May a pass be made now on credit, whoever's turn it is? */
bool law_patrol_affords(const struct law_patrol *patrol,
			const struct law_params *params, uint64_t now_ns,
			uint64_t late_ns);

#endif
