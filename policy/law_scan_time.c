// SPDX-License-Identifier: GPL-2.0
/*
 * scan-time: the idea of the kernel's advisor_mode=scan-time.
 *
 * After each full pass pages_to_scan is moved so that the next pass takes the
 * target time, smoothed by an exponentially weighted mean, within bounds and
 * under the CPU cap. Kernels before 6.8 have no advisor; and where the
 * kernel's own collapses while nothing is mergeable, this one keeps its last
 * rate, because a pass over nothing says nothing about pages.
 */
#include "law.h"

#define SCAN_TIME_SLEEP_MS 20u
#define SCAN_TIME_FLOOR_PAGES 64u	/* a pass shorter than this teaches nothing */

struct scan_time {
	uint64_t pass_start_ns;
	uint64_t pass_cpu_ns;
	uint64_t pass_visited;
	uint64_t full_scans;
	uint64_t last_pass_ms;
	uint32_t scan_pages;
};

_Static_assert(sizeof(struct scan_time) <= sizeof(struct law_state),
	       "state fits");

static void scan_time_init(struct law_state *state,
			   const struct law_params *params)
{
	struct scan_time *t = (struct scan_time *)state;

	*t = (struct scan_time){ .scan_pages = params->scan_time_min_pages };
}

static uint64_t visited(const struct snap *snap)
{
	return snap->ksm.pages_scanned + snap->ksm.pages_skipped;
}

static void begin_pass(struct scan_time *t, const struct snap *snap)
{
	t->pass_start_ns = snap->mono_ns;
	t->pass_cpu_ns = snap->ksm.ksmd_cpu_ns;
	t->pass_visited = visited(snap);
	t->full_scans = snap->ksm.full_scans;
}

/* The largest batch that stays under the cap at the last pass's cost. */
static uint64_t cap_pages(const struct scan_time *t,
			  const struct law_params *params,
			  const struct snap *snap, uint64_t elapsed_ns)
{
	uint64_t cpu = snap->ksm.ksmd_cpu_ns - t->pass_cpu_ns;
	uint64_t used_permille = elapsed_ns ? cpu * 1000 / elapsed_ns : 0;

	if (!used_permille)
		return params->scan_time_max_pages;
	return (uint64_t)t->scan_pages * params->cap_permille / used_permille;
}

static void end_pass(struct scan_time *t, const struct law_params *params,
		     const struct snap *snap)
{
	uint64_t elapsed_ns = snap->mono_ns - t->pass_start_ns;
	uint64_t passes = snap->ksm.full_scans - t->full_scans;
	uint64_t seen = (visited(snap) - t->pass_visited) / passes;
	uint64_t target_ms = params->scan_time_target_s * 1000ull;
	uint64_t pages, cap;

	t->last_pass_ms = elapsed_ns / 1000000 / passes;
	if (seen >= SCAN_TIME_FLOOR_PAGES) {
		pages = t->scan_pages * t->last_pass_ms / target_ms;
		/* the kernel's EWMA_WEIGHT of 30 of 100 */
		pages = (pages * 30 + (uint64_t)t->scan_pages * 70) / 100;
		cap = cap_pages(t, params, snap, elapsed_ns);
		if (pages > cap)
			pages = cap;
		if (pages < params->scan_time_min_pages)
			pages = params->scan_time_min_pages;
		if (pages > params->scan_time_max_pages)
			pages = params->scan_time_max_pages;
		t->scan_pages = (uint32_t)pages;
	}
	begin_pass(t, snap);
}

static void scan_time_decide(struct law_state *state,
			     const struct law_params *params,
			     const struct snap *snap,
			     struct decision *ret_decision)
{
	struct scan_time *t = (struct scan_time *)state;

	if (!t->pass_start_ns || snap->ksm.full_scans < t->full_scans)
		begin_pass(t, snap);
	else if (snap->ksm.full_scans > t->full_scans)
		end_pass(t, params, snap);

	*ret_decision = (struct decision){
		.phase = LAW_PHASE_FIXED,
		.reason = LAW_REASON_SCAN_TIME,
		.arg = { (int64_t)t->last_pass_ms,
			 params->scan_time_target_s * 1000ll, t->scan_pages },
		.run = SNAP_RUN_MERGE,
		.sleep_ms = SCAN_TIME_SLEEP_MS,
		.scan_pages = t->scan_pages,
		.smart_scan = LAW_KEEP,
	};
	if (!snap_has(snap, SNAP_CAP_KSM)) {
		ret_decision->phase = LAW_PHASE_OFF;
		ret_decision->reason = LAW_REASON_NO_KSM;
	}
}

const struct law law_scan_time = {
	.name = "scan-time",
	.summary = "one pass in a target time, like the kernel's advisor",
	.init = scan_time_init,
	.decide = scan_time_decide,
};
