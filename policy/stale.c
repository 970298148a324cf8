// SPDX-License-Identifier: GPL-2.0
#include "stale.h"

void stale_update(struct stale *stale, struct snap *snap)
{
	struct snap_ksm *ksm = &snap->ksm;
	uint64_t cow = snap->host.cow_ksm, copies;
	double merged = (double)ksm->pages_sharing + (double)ksm->pages_shared;

	ksm->stale_pages = 0;
	if (!snap_has(snap, SNAP_CAP_KSM | SNAP_CAP_COW))
		return;
	if (!stale->primed || cow < stale->cow_before)
		*stale = (struct stale){ true, ksm->full_scans, cow, cow };
	if (ksm->full_scans != stale->full_scans) {
		stale->full_scans = ksm->full_scans;
		stale->cow_base = stale->cow_before;
	}
	stale->cow_before = cow;

	copies = cow - stale->cow_base;
	if (!copies || merged <= 0)
		return;
	/* Of the pages that leave a KSM page one in so many was the page itself. */
	if ((double)copies > merged)
		copies = (uint64_t)merged;
	ksm->stale_pages = (uint64_t)((double)copies *
				      (double)ksm->pages_sharing / merged);
}
