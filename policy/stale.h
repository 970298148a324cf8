/* SPDX-License-Identifier: GPL-2.0 */
/*
 * pages_sharing flatters: a sharer that wrote to its page, and so has a copy of
 * its own again, is counted until ksmd next passes by, which for a ksmd that
 * rests may be minutes. The copies since the last full pass tell how many.
 *
 * Sharers that exited in between stay counted; nothing in sysfs tells of them.
 */
#ifndef DENSITY_STALE_H
#define DENSITY_STALE_H

#include <stdbool.h>
#include <stdint.h>

#include "snap.h"

struct stale {
	bool primed;
	uint64_t full_scans;
	uint64_t cow_before;	/* at the snapshot before */
	uint64_t cow_base;	/* when the last full pass ended, or earlier */
};

/* Fill snap->ksm.stale_pages. Begin with a zeroed struct stale. */
void stale_update(struct stale *stale, struct snap *snap);

#endif
