// SPDX-License-Identifier: GPL-2.0
/* When to read the table of processes. See schedule.h. */
#include "probe.h"
#include "schedule.h"

/* Zero throughout without the counter: then only age makes the table due. */
static uint64_t invariant_pages(const struct snap *snap)
{
	return snap_has(snap, SNAP_CAP_ANON) ?
		       snap->host.anon_pages + snap_saved_pages(snap) : 0;
}

bool probe_schedule_due(const struct probe_schedule *schedule,
			const struct snap *snap, bool look)
{
	uint64_t anon_pages = invariant_pages(snap);
	uint64_t since_ns, gap_ns, moved_pages;

	if (look || !schedule->walked || snap->mono_ns < schedule->walked_ns)
		return true;
	since_ns = snap->mono_ns - schedule->walked_ns;
	gap_ns = schedule->cost_ns * SCHEDULE_COST_FACTOR;
	if (gap_ns < SCHEDULE_GAP_MIN_NS)
		gap_ns = SCHEDULE_GAP_MIN_NS;
	if (since_ns < gap_ns)
		return false;
	if (since_ns / 1000000 >= schedule->age_ms)
		return true;
	moved_pages = anon_pages > schedule->anon_pages ?
			      anon_pages - schedule->anon_pages :
			      schedule->anon_pages - anon_pages;
	return moved_pages >=
	       PROBE_ANON_STEP_KIB * UINT64_C(1024) / snap->page_size;
}

void probe_schedule_walked(struct probe_schedule *schedule,
			   const struct snap *snap, uint64_t cost_ns)
{
	schedule->walked = true;
	schedule->walked_ns = snap->mono_ns;
	schedule->cost_ns = cost_ns;
	schedule->anon_pages = invariant_pages(snap);
}
