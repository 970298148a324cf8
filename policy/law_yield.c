// SPDX-License-Identifier: GPL-2.0
/*
 * yield: spend ksmd's CPU where it saves memory, and nowhere else.
 *
 * ksmd is driven in metered batches (law_meter.h), not by a duty cycle. So the
 * law knows what every batch cost and found, and ksmd rests at the boundary of a
 * pass, where newcomers are in the next pass from its first page. Should the
 * daemon die, ksmd is left nearly idle.
 *
 * A page merges at the second visit that finds it unchanged, so a hunt is two
 * passes: one that learns checksums, one that merges. A proof pass some seconds
 * later (at once after a rich hunt) tells whether more is to be had. A page that
 * smart_scan skips is in no tree and its late twin cannot find it: where less
 * has merged than was to be expected, one pass skips nothing. Then the law
 * patrols within a small budget, by whole passes where the budget pays for one
 * (law_patrol.h).
 *
 * With the checksum index of our patches the first pass merges already what is
 * like pages known before, and the kernel counts it. So a hunt is one pass when
 * that was most of what is to be had, and a proof sees to the rest; and what
 * merging cost is not taken for the cost of looking. Where this is not counted
 * nothing of it holds.
 *
 * Merging in a process whose CPUs are at work costs several times as much as in
 * an idle one: the merging pass waits a little for newcomers to calm down
 * (law_calm.h).
 *
 * Money decides. What waits, times the share of it that merged in hunts past,
 * times the lifetime of a merge, is what a hunt earns; its CPU times the
 * policy's price is what it costs. Earnings beyond cost: hunt when the growth
 * has paused; while it goes on, as soon as waiting itself has cost a hunt's
 * price (the ski-rental rule). Otherwise leave it to patrol, and say so.
 *
 * Invariants: one batch in flight at most; no batch larger than the window can
 * pay at the worst cost a page, but for the least batch that a tiny cap needs to
 * move at all; run is SNAP_RUN_STOP only while no process has mergeable memory,
 * or at rest where the policy forbids to patrol.
 */
#include <string.h>

#include "law_yield_priv.h"

/* Costs a page before anything was measured: merging takes 5 to 15 us. */
#define COST_LEARN_NS LAW_METER_SCAN_NS
#define COST_MERGE_NS 5000u
/* A page that smart_scan would skip: cold, and compared down a whole tree. */
#define COST_LATE_NS 5000u

/*
 * Growth that paused for so long has settled. A newcomer waits no longer than
 * PATIENCE_NS; during steady growth after a hunt less than HUNT_GAP_NS ago the
 * next one waits until waiting has cost a hunt's price.
 */
#define SETTLE_NS (150 * NS_PER_MS)
/* Where what is known merges at first sight, no look comes too early. */
#define SETTLE_INDEX_NS (50 * NS_PER_MS)
#define PATIENCE_NS (700 * NS_PER_MS)
#define HUNT_GAP_NS (3 * NS_PER_S)
/* After an eighth of the population has left, to forget them. */
#define TIDY_GAP_NS (2 * NS_PER_S)
/* Each look at the growth reads the table of processes: in a part of its time. */
#define WATCH_PART 4
#define WATCH_MAX_NS (250 * NS_PER_MS)
#define POLL_MIN_MS 20u
#define POLL_MAX_MS 150u
#define POLL_CAP_MS 300u

static void yield_init(struct law_state *state, const struct law_params *params)
{
	struct yield *y = (struct yield *)state;

	memset(y, 0, sizeof(*y));
	law_meter_init(&y->meter, params);
	law_demand_init(&y->demand);
	y->smart_scan = LAW_KEEP;
	y->cost_ns[PASS_LEARN] = COST_LEARN_NS;
	y->cost_ns[PASS_MERGE] = COST_MERGE_NS;
	y->cost_ns[PASS_PROOF] = COST_PATROL_NS;
	y->cost_ns[PASS_PATROL] = COST_PATROL_NS;
	y->share_permille = 500;
	y->late_permille = 300;
	y->late_ns = COST_LATE_NS;
}

static void observe(struct yield *y, const struct law_params *params,
		    const struct snap *snap)
{
	uint64_t waits, dt_ms;

	law_meter_observe(&y->meter, params, snap);
	law_demand_update(&y->demand, params, snap);
	law_calm_update(&y->calm, snap);

	waits = y->demand.arrived * y->share_permille / 1000 +
		y->demand.rewritten;
	dt_ms = y->loss_ns ? (y->meter.now_ns - y->loss_ns) / NS_PER_MS : 0;
	y->loss_ns = y->meter.now_ns;
	if (waits)
		y->loss_mib_ms +=
			waits * (snap->page_size / 1024) * dt_ms / 1024;
	else
		y->loss_mib_ms = 0;
}

/* Pages of the next batch; 0 when the window cannot pay for one. */
static uint32_t batch_size(const struct yield *y,
			   const struct law_params *params,
			   const struct snap *snap)
{
	uint64_t budget = LAW_METER_BATCH_NS;

	if (y->kind == PASS_PATROL && !y->hunting &&
	    budget > law_patrol_purse_ns(params))
		budget = law_patrol_purse_ns(params);
	return law_meter_size(&y->meter, params, snap, y->cost_ns[y->kind],
			      budget);
}

static uint64_t settle_ns(const struct snap *snap)
{
	return law_yield_merges_at_first_sight(snap) ? SETTLE_INDEX_NS :
						       SETTLE_NS;
}

/*
 * When what has grown until now will have paused for long enough; later while it
 * goes on growing.
 */
static uint32_t next_look_ms(const struct yield *y, const struct snap *snap)
{
	uint64_t now_ns = y->meter.now_ns;
	uint64_t settled_ns = y->demand.grew_ns + settle_ns(snap);
	uint64_t gap_ns = (now_ns - y->demand.since_ns) / WATCH_PART;

	if (gap_ns > WATCH_MAX_NS)
		gap_ns = WATCH_MAX_NS;
	if (settled_ns > now_ns && gap_ns < settled_ns - now_ns)
		gap_ns = settled_ns - now_ns;
	return (uint32_t)(gap_ns / NS_PER_MS) + 1;
}

/* Whether to begin a hunt now; says why not in @ret_why. */
static bool hunt_now(struct yield *y, const struct law_params *params,
		     const struct snap *snap, struct decision *ret_why)
{
	const struct law_demand *d = &y->demand;
	int64_t worth, cost;

	ret_why->reason = LAW_REASON_NONE;
	if (!law_demand_waits(d, params))
		return false;
	worth = law_yield_hunt_worth_mib_s(y, params, snap);
	cost = law_yield_price_mib_s(params, law_yield_hunt_cost_ns(y, snap));
	if (worth < cost && d->rewritten > d->arrived && !y->mid_pass &&
	    y->next_kind == PASS_PROOF)
		/* What a proof pass merged would be copied at once. */
		law_yield_plan_patrol(y, params,
				      law_yield_patrol_cost_ns(y, snap), false);
	if (worth < cost) {
		ret_why->reason = LAW_REASON_NOT_WORTH;
		ret_why->arg[0] = worth;
		ret_why->arg[1] = cost;
		if (d->rewritten > d->arrived) {
			ret_why->reason = LAW_REASON_COW_STORM;
			ret_why->arg[0] = (int64_t)d->rewritten;
			ret_why->arg[1] = law_demand_life_s(d, params);
		}
		return false;
	}
	if (y->meter.now_ns - d->grew_ns >= settle_ns(snap) ||
	    (int64_t)(y->loss_mib_ms / 1000) >= cost)
		return true;
	return y->meter.now_ns - d->since_ns >= PATIENCE_NS &&
	       (d->newcomer || !y->hunt_ended_ns ||
		y->meter.now_ns - y->hunt_ended_ns >= HUNT_GAP_NS);
}

static void say(const struct yield *y, const struct law_params *params,
		enum law_phase phase, enum law_reason reason,
		const struct snap *snap, struct decision *d)
{
	d->phase = phase;
	d->reason = reason;
	switch (reason) {
	case LAW_REASON_HUNTING:
		d->arg[0] = y->passes_done;
		d->arg[1] = y->passes_wanted;
		d->arg[2] = (int64_t)((y->meter.cpu_ns - y->hunt_cpu_ns) /
				      NS_PER_MS);
		break;
	case LAW_REASON_CAP:
		d->arg[0] = (int64_t)(law_meter_used_ns(&y->meter) / NS_PER_MS);
		d->arg[1] = law_meter_cap_permille(params, snap) *
			    (int64_t)params->cap_window_ms / 1000;
		break;
	case LAW_REASON_CALM:
		d->arg[0] = y->calm.count;
		d->arg[1] = y->calm.busy_permille;
		break;
	case LAW_REASON_PSI:
		d->arg[0] = snap->host.psi_cpu.some_avg10_permille;
		d->arg[1] = params->psi_cpu_permille;
		break;
	case LAW_REASON_SETTLED:
	case LAW_REASON_PROOF:
	case LAW_REASON_YIELD_GOOD:
		d->arg[0] = y->earned_mib_s;
		d->arg[1] = params->price_mib_s;
		d->arg[2] = (int64_t)snap_saved_pages(snap);
		break;
	case LAW_REASON_PATROL:
		d->arg[0] = params->patrol_upermille;
		d->arg[1] =
			y->next_pass_ns > y->meter.now_ns ?
				(int64_t)((y->next_pass_ns - y->meter.now_ns) /
					  NS_PER_MS) :
				0;
		break;
	default:
		break;
	}
}

static enum law_reason at_work(const struct yield *y)
{
	if (y->hunting)
		return LAW_REASON_HUNTING;
	return y->kind == PASS_PROOF ? LAW_REASON_PROOF : LAW_REASON_PATROL;
}

/* The next pass would merge, and newcomers are at work on their CPUs. */
static bool waits_for_calm(const struct yield *y)
{
	return y->hunting && !y->mid_pass &&
	       y->passes_wanted - y->passes_done <= 1u + y->at_first_sight &&
	       law_calm_waits(&y->calm, y->hunt_began_ns, y->meter.now_ns);
}

/* ksmd is to work: send the next batch, or wait for the window to pay. */
static void work(struct yield *y, const struct law_params *params,
		 const struct snap *snap, struct decision *d)
{
	uint32_t pages;
	enum law_phase phase = y->hunting ? LAW_PHASE_HUNT : LAW_PHASE_PATROL;

	if (waits_for_calm(y)) {
		say(y, params, phase, LAW_REASON_CALM, snap, d);
		d->look = true;
		d->next_ms = law_calm_look_ms(y->hunt_began_ns, y->meter.now_ns);
		return;
	}
	if (!y->mid_pass)
		law_yield_next_pass(y, params, snap);
	pages = batch_size(y, params, snap);
	if (!pages) {
		if (law_meter_braked(params, snap))
			say(y, params, LAW_PHASE_BRAKE, LAW_REASON_PSI, snap,
			    d);
		else
			say(y, params, phase, LAW_REASON_CAP, snap, d);
		/* Nobody waits for what a proof finds. */
		d->next_ms = y->hunting ? POLL_CAP_MS : 0;
		return;
	}
	law_meter_send(&y->meter, pages);
	y->smart_scan = y->thorough_now ? 0 : LAW_KEEP;
	if (y->hunting && !y->announced) {
		y->announced = true;
		*d = y->why;
		d->phase = phase;
	} else {
		say(y, params, phase, at_work(y), snap, d);
	}
	d->next_ms = (uint32_t)(pages * y->cost_ns[y->kind] / NS_PER_MS) + 5;
}

static void rest(struct yield *y, const struct law_params *params,
		 const struct snap *snap, const struct decision *why,
		 struct decision *d)
{
	uint32_t look_ms;

	if (law_meter_braked(params, snap)) {
		say(y, params, LAW_PHASE_BRAKE, LAW_REASON_PSI, snap, d);
	} else if (why->reason == LAW_REASON_COW_STORM) {
		*d = *why;
		d->phase = LAW_PHASE_BRAKE;
	} else if (why->reason == LAW_REASON_NOT_WORTH) {
		*d = *why;
		d->phase = LAW_PHASE_PATROL;
	} else {
		say(y, params, LAW_PHASE_PATROL,
		    !y->pass_pages	       ? LAW_REASON_START :
		    y->next_kind == PASS_PROOF ? LAW_REASON_YIELD_GOOD :
						 LAW_REASON_SETTLED,
		    snap, d);
	}
	if (!params->patrol_upermille && y->next_pass_ns == LAW_PATROL_NEVER_NS)
		y->meter.run =
			SNAP_RUN_STOP; /* or it wakes by itself in the end */
	if (y->next_pass_ns > y->meter.now_ns &&
	    y->next_pass_ns - y->meter.now_ns < NS_PER_S)
		d->next_ms = (uint32_t)((y->next_pass_ns - y->meter.now_ns) /
					NS_PER_MS) + 1;
	if (law_demand_waits(&y->demand, params) && !why->reason) {
		/* A hunt is near: watch the growth closely. */
		look_ms = next_look_ms(y, snap);
		d->look = true;
		if (!d->next_ms || d->next_ms > look_ms)
			d->next_ms = look_ms;
	}
}

/*
 * Until ksmd comes by, the kernel counts as shared what processes shared that
 * have left, and keeps its notes about each of their pages.
 */
static void tidy_soon(struct yield *y, const struct law_params *params)
{
	uint64_t soon = y->meter.now_ns + TIDY_GAP_NS;

	if (y->demand.population < y->pass_population / 8 * 7 &&
	    y->next_pass_ns > soon &&
	    law_patrol_affords(&y->patrol, params, soon, y->late_ns))
		y->next_pass_ns = soon;
}

/* A batch ends with its pages, or with the pass. */
static bool ends_pass(const struct yield *y, const struct snap *snap)
{
	uint64_t size = law_yield_pass_size(y, snap);
	uint64_t done = y->meter.visited - y->pass_visited;

	return y->mid_pass &&
	       law_meter_covers(&y->meter, size > done ? size - done : 0);
}

static void settle_knobs(const struct yield *y, const struct law_params *params,
			 struct decision *d)
{
	d->run = y->meter.run;
	d->sleep_ms = y->meter.sleep_ms;
	d->scan_pages = y->meter.scan_pages;
	d->smart_scan = y->smart_scan;
	if (y->meter.awake) {
		if (d->next_ms < POLL_MIN_MS)
			d->next_ms = POLL_MIN_MS;
		if (d->next_ms > POLL_MAX_MS)
			d->next_ms = POLL_MAX_MS;
	}
	if (d->next_ms >= params->interval_ms)
		d->next_ms = 0;
}

static void yield_decide(struct law_state *state,
			 const struct law_params *params,
			 const struct snap *snap, struct decision *ret_decision)
{
	struct yield *y = (struct yield *)state;
	struct decision d = { 0 }, why = { 0 };

	if (!snap_has(snap, SNAP_CAP_KSM)) {
		d.phase = LAW_PHASE_OFF;
		d.reason = LAW_REASON_NO_KSM;
		d.smart_scan = LAW_KEEP;
		d.sleep_ms = LAW_SLEEP_MS_MAX;
		d.scan_pages = LAW_METER_LEAST_PAGES;
		*ret_decision = d;
		return;
	}
	observe(y, params, snap);
	if (!y->primed) {
		/* Nobody knows where in a pass ksmd stands. */
		law_yield_begin_pass(y, snap, PASS_PATROL);
		y->next_kind = PASS_PATROL;
		y->next_pass_ns = params->patrol_upermille ?
					  y->meter.now_ns + PROOF_GAP_NS :
					  LAW_PATROL_NEVER_NS;
		y->has_met = y->demand.population > 0;
		y->primed = true;
	}
	law_yield_reap_batch(y, params, snap);

	if (y->meter.awake) {
		say(y, params, y->hunting ? LAW_PHASE_HUNT : LAW_PHASE_PATROL,
		    at_work(y), snap, &d);
		/* Soon after it was due, less often the longer it takes. */
		d.next_ms = (uint32_t)((y->meter.now_ns - y->meter.batch_ns) /
				       NS_PER_MS) /
			    4;
	} else if (!y->demand.population) {
		y->hunting = false;
		y->meter.run = SNAP_RUN_STOP;
		y->smart_scan = LAW_KEEP;
		/* With nothing left to scan ksmd rests at a boundary. */
		if (!law_yield_pass_size(y, snap))
			y->mid_pass = false;
		y->next_pass_ns = y->meter.now_ns + PROOF_GAP_NS;
		d.phase = LAW_PHASE_IDLE;
		d.reason = LAW_REASON_NOTHING_MERGEABLE;
	} else if (y->hunting) {
		work(y, params, snap, &d);
	} else if (hunt_now(y, params, snap, &why)) {
		law_yield_begin_hunt(y, params, snap);
		work(y, params, snap, &d);
	} else if (y->meter.now_ns >= y->next_pass_ns &&
		   (y->mid_pass || !law_meter_braked(params, snap))) {
		work(y, params, snap, &d);
	} else {
		y->smart_scan = LAW_KEEP;
		tidy_soon(y, params);
		rest(y, params, snap, &why, &d);
	}
	settle_knobs(y, params, &d);
	d.ends_pass = ends_pass(y, snap);
	law_yield_find(y, params, snap, &d);
	*ret_decision = d;
}

const struct law law_yield = {
	.name = "yield",
	.summary = "hunt on arrival, settle when it no longer pays",
	.init = yield_init,
	.decide = yield_decide,
};
