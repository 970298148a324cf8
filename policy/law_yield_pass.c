// SPDX-License-Identifier: GPL-2.0
/*
 * What begins and what ends a batch, a pass and a hunt of the law yield, and what
 * is learnt from each.
 */
#include "law_yield_priv.h"

/* Never so sure that there are no late twins that nobody looks again. */
#define LATE_PERMILLE_LEAST 5u
/*
 * After a hunt that earned so many times the price a quick proof: pages beyond
 * max_page_sharing of their KSM page merge one pass later. Then, with the cap
 * recovered, the thorough one.
 */
#define QUICK_TIMES 16
/* What costs so many times less than a pass is next to nothing. */
#define CHEAP_TIMES 5
#define QUICK_GAP_NS (100 * NS_PER_MS)

void law_yield_begin_pass(struct yield *y, const struct snap *snap,
			  enum pass_kind kind)
{
	y->kind = kind;
	y->full_scans = snap->ksm.full_scans;
	y->pass_visited = y->meter.visited;
	y->pass_scanned = y->meter.scanned;
	y->pass_cpu_ns = y->meter.cpu_ns;
	y->pass_merged = y->meter.merged;
	y->pass_saved = snap_saved_pages(snap);
	y->mid_pass = true;
}

/*
 * A thorough pass by itself shows what late twins there were; one that merges
 * the newcomers too shows only what it cost.
 */
static void learn_late_twins(struct yield *y, uint64_t cpu_ns, uint64_t scanned,
			     int64_t gain)
{
	uint64_t late = gain > 0 ? (uint64_t)gain : 0;

	law_meter_learn(&y->late_ns, cpu_ns, scanned);
	if (y->kind == PASS_LEARN)
		return;
	y->thorough = false;
	if (y->kind == PASS_MERGE || !y->hunt_waited)
		return;
	late = late * 1000 / y->hunt_waited;
	y->late_permille =
		(y->late_permille + (uint32_t)(late > 1000 ? 1000 : late)) / 2;
	if (y->late_permille < LATE_PERMILLE_LEAST)
		y->late_permille = LATE_PERMILLE_LEAST;
}

/* What the hunt found, against what it was begun for. */
static void end_hunt(struct yield *y, const struct law_params *params,
		     const struct snap *snap)
{
	uint64_t saved = snap_saved_pages(snap);
	uint64_t found = saved > y->hunt_saved ? saved - y->hunt_saved : 0;
	uint64_t share;

	y->hunting = false;
	y->has_met = true;
	y->hunt_ended_ns = y->meter.now_ns;
	y->thorough =
		y->thorough && law_yield_late_twins_pay(y, params, snap, found);
	if (y->hunt_waited) {
		share = found * 1000 / y->hunt_waited;
		share = (share > 1000 ? 1000 : share) + y->share_permille;
		y->share_permille = share / 2 < 20 ? 20 : (uint32_t)share / 2;
	}
	law_demand_mark(&y->demand, snap);
	law_calm_settle(&y->calm);
	y->next_kind = PASS_PROOF;
	y->quick = y->earned_mib_s >= QUICK_TIMES * params->price_mib_s;
	y->next_pass_ns = y->meter.now_ns;
	if (y->quick || !y->thorough)
		y->next_pass_ns += y->quick ? QUICK_GAP_NS : PROOF_GAP_NS;
}

void law_yield_plan_patrol(struct yield *y, const struct law_params *params,
			   uint64_t spent_ns, bool earning)
{
	y->next_kind = earning ? PASS_PROOF : PASS_PATROL;
	y->next_pass_ns = law_patrol_next_ns(
		&y->patrol, params, y->meter.now_ns, spent_ns, y->late_ns);
	if (earning)
		y->next_pass_ns = y->meter.now_ns + PROOF_GAP_NS;
}

/* Passes that nobody sent came between: whose turn it was in which is lost. */
static void note_turn(struct yield *y, const struct snap *snap,
		      uint64_t scanned)
{
	uint64_t merged = snap->ksm.pages_shared + snap->ksm.pages_sharing;

	if (snap->ksm.full_scans != y->full_scans + 1)
		law_turns_forget(&y->patrol.turns);
	law_turns_add(&y->patrol.turns,
		      y->pass_pages > merged ? y->pass_pages - merged : 0,
		      scanned > merged ? scanned - merged : 0);
}

/* Who merges at first sight has the costs of merging, whatever it was for. */
static enum pass_kind taught_by(const struct yield *y, uint64_t scanned)
{
	return law_meter_is_merging(scanned, y->meter.merged - y->pass_merged) ?
		       PASS_MERGE : y->kind;
}

static void end_pass(struct yield *y, const struct law_params *params,
		     const struct snap *snap)
{
	uint64_t cpu = y->meter.cpu_ns - y->pass_cpu_ns;
	uint64_t scanned = y->meter.scanned - y->pass_scanned;
	int64_t gain = (int64_t)(snap_saved_pages(snap) - y->pass_saved);
	uint32_t life = law_demand_life_s(&y->demand, params);
	int64_t worth = law_yield_worth_mib_s(snap, gain, life);
	bool more;

	y->mid_pass = false;
	y->pass_pages = (y->meter.visited - y->pass_visited) /
			(snap->ksm.full_scans - y->full_scans);
	if (y->thorough_now)
		learn_late_twins(y, cpu, scanned, gain);
	else {
		y->skipped_pages = y->pass_pages - scanned;
		note_turn(y, snap, scanned);
	}
	y->thorough_now = false;
	y->pass_population = y->demand.population;
	law_meter_learn(&y->cost_ns[taught_by(y, scanned)], cpu, scanned);
	y->earned_mib_s = worth * 1000 / (int64_t)(cpu / NS_PER_MS + 1);
	if (y->hunting) {
		if (++y->passes_done >= y->passes_wanted ||
		    law_yield_rest_can_wait(y, params, snap))
			end_hunt(y, params, snap);
		return;
	}
	law_demand_merged(&y->demand, snap, gain);
	/* One that merged a quarter of all there is has not seen the end. */
	more = y->earned_mib_s > params->price_mib_s ||
	       gain > (int64_t)(snap_saved_pages(snap) / 4) ||
	       (y->quick && y->thorough);
	y->quick = false;
	law_yield_plan_patrol(y, params, cpu, more);
}

void law_yield_reap_batch(struct yield *y, const struct law_params *params,
			  const struct snap *snap)
{
	switch (law_meter_reap(&y->meter, snap, y->full_scans,
			       y->cost_ns[y->kind], y->kind == PASS_MERGE)) {
	case LAW_METER_PASS_DONE:
		end_pass(y, params, snap);
		break;
	case LAW_METER_DONE:
		if (y->kind == PASS_PATROL && !y->hunting &&
		    law_yield_patrol_cost_ns(y, snap) >
			    law_patrol_purse_ns(params))
			law_yield_plan_patrol(
				y, params,
				y->meter.cpu_ns - y->meter.batch_cpu_ns, false);
		break;
	default:
		break;
	}
}

/* The index has pages that smart_scan skips, and finds their late twins. */
static bool finds_skipped(const struct snap *snap)
{
	return snap_has(snap, SNAP_CAP_INDEX) && snap->ksm.checksum_index;
}

bool law_yield_merges_at_first_sight(const struct snap *snap)
{
	return finds_skipped(snap) && snap_has(snap, SNAP_CAP_COUNTS);
}

void law_yield_begin_hunt(struct yield *y, const struct law_params *params,
			  const struct snap *snap)
{
	struct law_demand *d = &y->demand;
	uint64_t cost = law_yield_hunt_cost_ns(y, snap);
	bool rewrite = d->rewritten > d->arrived;

	y->why = (struct decision){
		.reason = rewrite ? LAW_REASON_REWRITE : LAW_REASON_ARRIVAL,
		.arg = { (int64_t)(rewrite ? d->rewritten : d->arrived),
			 (int64_t)(rewrite ? snap_saved_pages(snap) :
					     d->population),
			 (int64_t)(cost / NS_PER_MS) },
	};
	y->hunting = true;
	y->announced = false;
	y->passes_done = 0;
	y->passes_wanted = y->mid_pass ? 3 : 2;
	y->hunt_began_ns = y->meter.now_ns;
	y->hunt_cpu_ns = y->meter.cpu_ns;
	y->hunt_saved = snap_saved_pages(snap);
	y->hunt_merged = y->meter.merged;
	y->at_first_sight = y->has_met &&
			    law_yield_merges_at_first_sight(snap);
	y->hunt_waited = d->arrived + d->rewritten;
	/* A late twin is of somebody who was there before. */
	y->thorough = y->has_met && snap_has(snap, SNAP_CAP_SKIPPED) &&
		      !finds_skipped(snap) &&
		      law_yield_late_twins_pay(y, params, snap, 0);
	law_demand_take(d);
	y->loss_mib_ms = 0;
}

/*
 * Late twins are looked for when the newcomers have merged with what is easily
 * found, and only if much is missing then. Two exceptions, if the window pays for
 * them. Where next to nothing would be skipped, the merging pass skips nothing:
 * it is the cheapest that could. Rewritten pages may be old enough to be skipped
 * themselves: there the hunt's own passes skip nothing.
 */
static bool late_twins_now(const struct yield *y,
			   const struct law_params *params,
			   const struct snap *snap)
{
	uint64_t extra = y->skipped_pages * y->late_ns;
	uint64_t cost = extra +
			law_yield_pass_size(y, snap) * y->cost_ns[PASS_LEARN] +
			y->hunt_waited * y->share_permille / 1000 *
				y->cost_ns[PASS_MERGE];
	uint64_t left = law_meter_left_ns(&y->meter, params, snap);

	if (!y->thorough)
		return false;
	if (y->kind == PASS_PROOF)
		return !y->quick;
	if (y->kind == PASS_MERGE)
		return cost < left && (y->why.reason == LAW_REASON_REWRITE ||
				       extra * CHEAP_TIMES < cost);
	return y->kind == PASS_LEARN &&
	       y->why.reason == LAW_REASON_REWRITE && 2 * cost < left;
}

void law_yield_next_pass(struct yield *y, const struct law_params *params,
			 const struct snap *snap)
{
	static const enum pass_kind of_hunt[] = { PASS_LEARN, PASS_MERGE };
	uint32_t left = y->passes_wanted - y->passes_done;

	if (y->hunting && left == 1 && law_demand_waits(&y->demand, params) &&
	    law_yield_hunt_worth_mib_s(y, params, snap) >
		    law_yield_price_mib_s(params,
					  law_yield_hunt_cost_ns(y, snap))) {
		/* What came meanwhile is learnt now and merged in one more. */
		y->hunt_waited += y->demand.arrived + y->demand.rewritten;
		law_demand_take(&y->demand);
		y->passes_wanted++;
	}
	if (y->hunting)
		law_yield_begin_pass(
			y, snap, left > 2 ? PASS_PATROL : of_hunt[2 - left]);
	else
		law_yield_begin_pass(y, snap, y->next_kind);
	y->thorough_now = late_twins_now(y, params, snap);
}
