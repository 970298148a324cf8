/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Calm: merge a newcomer's memory when its CPUs have come to rest.
 *
 * To merge a page its PTE is replaced, twice, and every CPU on which the
 * process runs just then is interrupted and waited for. Guests that were booting
 * paid with 25 to 40 us a merge, 5 us once they idled: the interrupts were a
 * third of ksmd's CPU (experiments/tuning, scenario guests, profiled), beside
 * what they cost the guest. A booting guest also rewrites what it has just
 * read. So a hunt learns the newcomers' checksums at once, and merges when they
 * calm down or patience ends. Who is seen for the first time is as busy as it has
 * been since it began: a VMM that waited for its guest's memory need not wait again.
 */
#ifndef DENSITY_LAW_CALM_H
#define DENSITY_LAW_CALM_H

#include <stdbool.h>
#include <stdint.h>

#include "snap.h"

struct law_calm {
	bool primed;
	uint64_t settled_start;	/* processes that started later are newcomers */
	uint64_t newest_start;	/* of all that were seen */
	/* the newcomers at the last look */
	uint64_t vms_seq;
	uint64_t look_ns;
	uint32_t count;
	uint64_t cpu_ticks;
	uint32_t busy_permille;	/* of one core, since the look before */
};

void law_calm_update(struct law_calm *calm, const struct snap *snap);
/* Is it better to wait with merging in a hunt that began at @began_ns? */
bool law_calm_waits(const struct law_calm *calm, uint64_t began_ns,
		    uint64_t now_ns);
/* Ask for a look at the processes after so long while that hunt waits. */
uint32_t law_calm_look_ms(uint64_t began_ns, uint64_t now_ns);
/* The hunt is over: nobody is a newcomer any more. */
void law_calm_settle(struct law_calm *calm);

#endif
