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

static uint64_t quick_regained(const struct probe_schedule *schedule,
			       const struct snap *snap)
{
	return snap->mono_ns > schedule->quick_ns ?
		       (snap->mono_ns - schedule->quick_ns) /
			       SCHEDULE_QUICK_AGAIN_NS : 0;
}

static bool has_quick(const struct probe_schedule *schedule,
		      const struct snap *snap)
{
	return schedule->quick_used < SCHEDULE_QUICK ||
	       quick_regained(schedule, snap);
}

/* Give back what time has earned, then take for a walk soon after another. */
static void count_quick(struct probe_schedule *schedule,
			const struct snap *snap)
{
	uint64_t regained = quick_regained(schedule, snap);

	schedule->quick_ns += regained * SCHEDULE_QUICK_AGAIN_NS;
	schedule->quick_used -= regained < schedule->quick_used ?
					(uint32_t)regained :
					schedule->quick_used;
	if (schedule->walked && schedule->quick_used < SCHEDULE_QUICK &&
	    snap->mono_ns - schedule->walked_ns < SCHEDULE_GAP_LONG_NS)
		schedule->quick_used++;
}

static bool is_step(uint64_t then, uint64_t now, const struct snap *snap)
{
	uint64_t moved_pages = now > then ? now - then : then - now;

	return moved_pages >=
	       PROBE_ANON_STEP_KIB * UINT64_C(1024) / snap->page_size;
}

static bool has_moved(uint64_t then, const struct snap *snap)
{
	return is_step(then, invariant_pages(snap), snap);
}

static uint64_t mergeable_pages(const struct snap *snap)
{
	uint64_t pages = 0;
	uint32_t i;

	for (i = 0; i < snap->nvms; i++)
		if (snap->vms[i].mergeable)
			pages += snap->vms[i].rss_anon_pages;
	return pages;
}

static void count_vain(struct probe_schedule *schedule,
		       const struct snap *snap)
{
	uint64_t pages = mergeable_pages(snap);

	if (is_step(schedule->mergeable_pages, pages, snap)) {
		schedule->mergeable_pages = pages;
		schedule->vain = 0;
	} else if (schedule->vain < SCHEDULE_VAIN) {
		schedule->vain++;
	}
}

bool probe_schedule_rests(const struct probe_schedule *schedule,
			  const struct snap *snap)
{
	return schedule->walked && snap_has(snap, SNAP_CAP_ANON) &&
	       !has_moved(schedule->rest_pages, snap);
}

static uint64_t long_gap_ns(const struct probe_schedule *schedule)
{
	return schedule->vain < SCHEDULE_VAIN ? SCHEDULE_GAP_LONG_NS :
						SCHEDULE_GAP_VAIN_NS;
}

bool probe_schedule_due(const struct probe_schedule *schedule,
			const struct snap *snap)
{
	uint64_t since_ns, gap_ns;

	if (!schedule->walked || snap->mono_ns < schedule->walked_ns)
		return true;
	since_ns = snap->mono_ns - schedule->walked_ns;
	gap_ns = schedule->cost_ns * SCHEDULE_COST_FACTOR;
	if (gap_ns < SCHEDULE_GAP_MIN_NS)
		gap_ns = SCHEDULE_GAP_MIN_NS;
	if (gap_ns < long_gap_ns(schedule) && !has_quick(schedule, snap))
		gap_ns = long_gap_ns(schedule);
	if (since_ns < gap_ns)
		return false;
	if (since_ns / 1000000 >= schedule->age_ms)
		return true;
	return has_moved(schedule->anon_pages, snap);
}

void probe_schedule_walked(struct probe_schedule *schedule,
			   const struct snap *snap, uint64_t cost_ns)
{
	count_quick(schedule, snap);
	count_vain(schedule, snap);
	if (!schedule->walked || has_moved(schedule->rest_pages, snap))
		schedule->rest_pages = invariant_pages(snap);
	schedule->walked = true;
	schedule->walked_ns = snap->mono_ns;
	schedule->cost_ns = cost_ns;
	schedule->anon_pages = invariant_pages(snap);
}
