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

#include "law.h"
#include "law_calm.h"
#include "law_demand.h"
#include "law_meter.h"
#include "law_patrol.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/* Costs a page before anything was measured: merging takes 5 to 15 us. */
#define COST_LEARN_NS LAW_METER_SCAN_NS
#define COST_MERGE_NS 5000u
#define COST_PATROL_NS 1200u
/* A page that smart_scan would skip: cold, and compared down a whole tree. */
#define COST_LATE_NS 5000u
/* Never so sure that there are no late twins that nobody looks again. */
#define LATE_PERMILLE_LEAST 5u

/*
 * Growth that paused for so long has settled. A newcomer waits no longer than
 * PATIENCE_NS; during steady growth after a hunt less than HUNT_GAP_NS ago the
 * next one waits until waiting has cost a hunt's price.
 */
#define SETTLE_NS (150 * NS_PER_MS)
#define PATIENCE_NS (700 * NS_PER_MS)
#define HUNT_GAP_NS (3 * NS_PER_S)

/*
 * After a hunt that earned so many times the price a quick proof: pages beyond
 * max_page_sharing of their KSM page merge one pass later. Then, with the cap
 * recovered, the thorough one.
 */
#define QUICK_TIMES 16
#define QUICK_GAP_NS NS_PER_S
#define PROOF_GAP_NS (5 * NS_PER_S)
/* After an eighth of the population has left, to forget them. */
#define TIDY_GAP_NS (2 * NS_PER_S)
#define POLL_MIN_MS 20u
#define POLL_MAX_MS 150u
#define POLL_CAP_MS 300u

enum pass_kind { PASS_LEARN, PASS_MERGE, PASS_PROOF, PASS_PATROL, PASS_KINDS };

struct yield {
	struct law_meter meter;
	struct law_demand demand;
	struct law_patrol patrol;
	struct law_calm calm;
	bool primed;		/* counters were seen once */
	uint32_t smart_scan;	/* what ksmd was told */
	/* the pass under way; a pass may take many batches */
	bool mid_pass;
	enum pass_kind kind;
	uint64_t full_scans;
	uint64_t pass_visited;
	uint64_t pass_scanned;
	uint64_t pass_cpu_ns;
	uint64_t pass_saved;
	/* learnt */
	uint64_t cost_ns[PASS_KINDS];	/* a page scanned */
	uint64_t pass_pages;		/* visited by the last whole pass */
	uint64_t pass_population;	/* at its end */
	uint64_t skipped_pages;		/* of which smart_scan skipped */
	uint64_t late_ns;		/* a page that smart_scan would skip */
	uint32_t share_permille;	/* of what waited, merged */
	uint32_t late_permille;		/* of what waited, was a late twin */
	/* the hunt */
	bool hunting;
	bool thorough;			/* late twins are worth a look, */
	bool thorough_now;		/* in this pass: smart_scan is off */
	uint32_t passes_wanted, passes_done;
	uint64_t hunt_began_ns, hunt_ended_ns;
	uint64_t hunt_cpu_ns, hunt_saved, hunt_waited;
	bool announced;
	struct decision why;		/* the reason it began */
	/* after it */
	uint64_t next_pass_ns;
	enum pass_kind next_kind;
	bool quick;			/* the next proof is the quick one */
	int64_t earned_mib_s;		/* a CPU-second in the last pass */
	uint64_t loss_ns;		/* when loss was last added up */
	uint64_t loss_mib_ms;		/* what waiting has cost */
};

_Static_assert(sizeof(struct yield) <= sizeof(struct law_state), "state fits");

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

/* No host has more: 256 TiB. Keeps absurd counters out of the arithmetic. */
#define PAGES_MAX (1ll << 36)

/* Pages to MiB-seconds, for merges that last @life_s. */
static int64_t worth_mib_s(const struct snap *snap, int64_t pages,
			   uint32_t life_s)
{
	if (pages > PAGES_MAX)
		pages = PAGES_MAX;
	if (pages < -PAGES_MAX)
		pages = -PAGES_MAX;
	return pages * (int64_t)(snap->page_size / 1024) * life_s / 1024;
}

static int64_t price_of(const struct law_params *params, uint64_t cpu_ns)
{
	return (int64_t)(cpu_ns / 1000 * params->price_mib_s / 1000000);
}

/* Pages that a whole pass will visit. */
static uint64_t pass_size(const struct yield *y, const struct snap *snap)
{
	uint64_t known = snap->ksm.pages_shared + snap->ksm.pages_sharing +
			 snap->ksm.pages_unshared + snap->ksm.pages_volatile;

	if (known && known < y->pass_pages)
		known = y->pass_pages;
	if (known < y->demand.population)
		known = y->demand.population;
	return known;
}

static uint64_t hunt_cost_ns(const struct yield *y, const struct snap *snap)
{
	uint64_t pages = pass_size(y, snap);
	uint64_t waits = y->demand.arrived + y->demand.rewritten;

	if (waits > pages)
		waits = pages;
	return pages * (y->cost_ns[PASS_LEARN] + COST_PATROL_NS) +
	       waits * y->share_permille / 1000 * y->cost_ns[PASS_MERGE];
}

static int64_t hunt_worth(const struct yield *y,
			  const struct law_params *params,
			  const struct snap *snap)
{
	const struct law_demand *d = &y->demand;

	return worth_mib_s(snap, (int64_t)(d->arrived * y->share_permille / 1000),
			   params->horizon_s) +
	       worth_mib_s(snap, (int64_t)d->rewritten,
			   law_demand_life_s(d, params));
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
		y->loss_mib_ms += waits * (snap->page_size / 1024) * dt_ms /
				  1024;
	else
		y->loss_mib_ms = 0;
}

static void begin_pass(struct yield *y, const struct snap *snap,
		       enum pass_kind kind)
{
	y->kind = kind;
	y->full_scans = snap->ksm.full_scans;
	y->pass_visited = y->meter.visited;
	y->pass_scanned = y->meter.scanned;
	y->pass_cpu_ns = y->meter.cpu_ns;
	y->pass_saved = snap_saved_pages(snap);
	y->mid_pass = true;
}

/*
 * A thorough pass by itself shows what late twins there were; one that merges
 * the newcomers too shows only what it cost.
 */
static void learn_late_twins(struct yield *y, uint64_t cpu_ns,
			     uint64_t scanned, int64_t gain)
{
	uint64_t late = gain > 0 ? (uint64_t)gain : 0;

	law_meter_learn(&y->late_ns, cpu_ns, scanned);
	if (y->kind == PASS_LEARN)
		return;
	y->thorough = false;
	if (y->kind == PASS_MERGE || !y->hunt_waited)
		return;
	late = late * 1000 / y->hunt_waited;
	y->late_permille = (y->late_permille +
			    (uint32_t)(late > 1000 ? 1000 : late)) / 2;
	if (y->late_permille < LATE_PERMILLE_LEAST)
		y->late_permille = LATE_PERMILLE_LEAST;
}

/*
 * Do late twins pay for a pass that skips nothing? Not more can be missing than
 * was to be expected and has not merged, @found pages, without one.
 */
static bool late_twins_pay(const struct yield *y,
			   const struct law_params *params,
			   const struct snap *snap, uint64_t found)
{
	uint64_t expected = y->hunt_waited * y->share_permille / 1000;
	uint64_t missing = expected > found ? expected - found : 0;
	uint64_t late = expected * y->late_permille / 1000;

	if (late > missing)
		late = missing;
	return worth_mib_s(snap, (int64_t)late, params->horizon_s) >=
	       price_of(params, y->skipped_pages * y->late_ns);
}

/* What the hunt found, against what it was begun for. */
static void end_hunt(struct yield *y, const struct law_params *params,
		     const struct snap *snap)
{
	uint64_t saved = snap_saved_pages(snap);
	uint64_t found = saved > y->hunt_saved ? saved - y->hunt_saved : 0;
	uint64_t share;

	y->hunting = false;
	y->hunt_ended_ns = y->meter.now_ns;
	y->thorough = y->thorough && late_twins_pay(y, params, snap, found);
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

static void plan_patrol(struct yield *y, const struct law_params *params,
			uint64_t spent_ns, bool earning)
{
	y->next_kind = earning ? PASS_PROOF : PASS_PATROL;
	y->next_pass_ns = law_patrol_next_ns(&y->patrol, params,
					     y->meter.now_ns, spent_ns,
					     y->late_ns);
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

static void end_pass(struct yield *y, const struct law_params *params,
		     const struct snap *snap)
{
	uint64_t cpu = y->meter.cpu_ns - y->pass_cpu_ns;
	uint64_t scanned = y->meter.scanned - y->pass_scanned;
	int64_t gain = (int64_t)(snap_saved_pages(snap) - y->pass_saved);
	uint32_t life = law_demand_life_s(&y->demand, params);
	int64_t worth = worth_mib_s(snap, gain, life);
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
	law_meter_learn(&y->cost_ns[y->kind], cpu, scanned);
	y->earned_mib_s = worth * 1000 / (int64_t)(cpu / NS_PER_MS + 1);
	if (y->hunting) {
		if (++y->passes_done >= y->passes_wanted)
			end_hunt(y, params, snap);
		return;
	}
	law_demand_merged(&y->demand, snap, gain);
	/* One that merged a quarter of all there is has not seen the end. */
	more = y->earned_mib_s > params->price_mib_s ||
	       gain > (int64_t)(snap_saved_pages(snap) / 4) ||
	       (y->quick && y->thorough);
	y->quick = false;
	plan_patrol(y, params, cpu, more);
}

static uint64_t patrol_cost_ns(const struct yield *y, const struct snap *snap)
{
	return pass_size(y, snap) * y->cost_ns[PASS_PATROL];
}

static void reap_batch(struct yield *y, const struct law_params *params,
		       const struct snap *snap)
{
	switch (law_meter_reap(&y->meter, snap, y->full_scans,
			       y->cost_ns[y->kind], y->kind == PASS_MERGE)) {
	case LAW_METER_PASS_DONE:
		end_pass(y, params, snap);
		break;
	case LAW_METER_DONE:
		if (y->kind == PASS_PATROL && !y->hunting &&
		    patrol_cost_ns(y, snap) > law_patrol_purse_ns(params))
			plan_patrol(y, params, y->meter.cpu_ns - y->meter.batch_cpu_ns,
				    false);
		break;
	default:
		break;
	}
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

static void begin_hunt(struct yield *y, const struct law_params *params,
		       const struct snap *snap)
{
	struct law_demand *d = &y->demand;
	uint64_t cost = hunt_cost_ns(y, snap);
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
	y->hunt_waited = d->arrived + d->rewritten;
	y->thorough = snap_has(snap, SNAP_CAP_SKIPPED) &&
		      late_twins_pay(y, params, snap, 0);
	law_demand_take(d);
	y->loss_mib_ms = 0;
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
	worth = hunt_worth(y, params, snap);
	cost = price_of(params, hunt_cost_ns(y, snap));
	if (worth < cost && d->rewritten > d->arrived && !y->mid_pass &&
	    y->next_kind == PASS_PROOF)
		/* What a proof pass merged would be copied at once. */
		plan_patrol(y, params, patrol_cost_ns(y, snap), false);
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
	if (y->meter.now_ns - d->grew_ns >= SETTLE_NS ||
	    (int64_t)(y->loss_mib_ms / 1000) >= cost)
		return true;
	return y->meter.now_ns - d->since_ns >= PATIENCE_NS &&
	       (d->newcomer || !y->hunt_ended_ns ||
		y->meter.now_ns - y->hunt_ended_ns >= HUNT_GAP_NS);
}

/*
 * Late twins are looked for when the newcomers have merged with what is easily
 * found, and only if much is missing then. Rewritten pages may be old enough to
 * be skipped themselves: there the hunt's own passes skip nothing, if the window
 * pays for that.
 */
static bool late_twins_now(const struct yield *y,
			   const struct law_params *params,
			   const struct snap *snap)
{
	uint64_t cost = y->skipped_pages * y->late_ns +
			pass_size(y, snap) * y->cost_ns[PASS_LEARN] +
			y->hunt_waited * y->share_permille / 1000 *
			y->cost_ns[PASS_MERGE];
	uint64_t left = law_meter_left_ns(&y->meter, params, snap);

	if (!y->thorough)
		return false;
	if (y->kind == PASS_PROOF)
		return !y->quick;
	return y->why.reason == LAW_REASON_REWRITE &&
	       (y->kind == PASS_LEARN ? 2 * cost < left :
		y->kind == PASS_MERGE && cost < left);
}

static void next_pass(struct yield *y, const struct law_params *params,
		      const struct snap *snap)
{
	static const enum pass_kind of_hunt[] = { PASS_LEARN, PASS_MERGE };
	uint32_t left = y->passes_wanted - y->passes_done;

	if (y->hunting && left == 1 && law_demand_waits(&y->demand, params) &&
	    hunt_worth(y, params, snap) > price_of(params, hunt_cost_ns(y, snap))) {
		/* What came meanwhile is learnt now and merged in one more. */
		y->hunt_waited += y->demand.arrived + y->demand.rewritten;
		law_demand_take(&y->demand);
		y->passes_wanted++;
	}
	if (y->hunting)
		begin_pass(y, snap, left > 2 ? PASS_PATROL : of_hunt[2 - left]);
	else
		begin_pass(y, snap, y->next_kind);
	y->thorough_now = late_twins_now(y, params, snap);
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
		d->arg[2] = (int64_t)((y->meter.cpu_ns - y->hunt_cpu_ns) / NS_PER_MS);
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
		d->arg[1] = y->next_pass_ns > y->meter.now_ns ?
			    (int64_t)((y->next_pass_ns - y->meter.now_ns) / NS_PER_MS) : 0;
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
	       y->passes_wanted - y->passes_done == 1 &&
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
		d->next_ms = LAW_CALM_LOOK_MS;
		return;
	}
	if (!y->mid_pass)
		next_pass(y, params, snap);
	pages = batch_size(y, params, snap);
	if (!pages) {
		if (law_meter_braked(params, snap))
			say(y, params, LAW_PHASE_BRAKE, LAW_REASON_PSI, snap, d);
		else
			say(y, params, phase, LAW_REASON_CAP, snap, d);
		d->next_ms = POLL_CAP_MS;
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
	if (law_meter_braked(params, snap)) {
		say(y, params, LAW_PHASE_BRAKE, LAW_REASON_PSI, snap, d);
	} else if (why->reason == LAW_REASON_COW_STORM) {
		*d = *why;
		d->phase = LAW_PHASE_BRAKE;
	} else if (why->reason == LAW_REASON_NOT_WORTH) {
		*d = *why;
		d->phase = LAW_PHASE_PATROL;
	} else {
		say(y, params, LAW_PHASE_PATROL, !y->pass_pages ?
		    LAW_REASON_START : y->next_kind == PASS_PROOF ?
		    LAW_REASON_YIELD_GOOD : LAW_REASON_SETTLED, snap, d);
	}
	if (!params->patrol_upermille && y->next_pass_ns == LAW_PATROL_NEVER_NS)
		y->meter.run = SNAP_RUN_STOP;	/* or it wakes by itself in the end */
	if (law_demand_waits(&y->demand, params) && !why->reason) {
		/* A hunt is near: watch the growth closely. */
		d->look = true;
		d->next_ms = POLL_MAX_MS;
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
			 const struct snap *snap,
			 struct decision *ret_decision)
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
		begin_pass(y, snap, PASS_PATROL);
		y->next_kind = PASS_PATROL;
		y->next_pass_ns = params->patrol_upermille ?
				  y->meter.now_ns + PROOF_GAP_NS : LAW_PATROL_NEVER_NS;
		y->primed = true;
	}
	reap_batch(y, params, snap);

	if (y->meter.awake) {
		say(y, params, y->hunting ? LAW_PHASE_HUNT : LAW_PHASE_PATROL,
		    at_work(y), snap, &d);
		/* Soon after it was due, less often the longer it takes. */
		d.next_ms = (uint32_t)((y->meter.now_ns - y->meter.batch_ns) / NS_PER_MS) / 4;
	} else if (!y->demand.population) {
		y->hunting = false;
		y->meter.run = SNAP_RUN_STOP;
		y->smart_scan = LAW_KEEP;
		/* With nothing left to scan ksmd rests at a boundary. */
		if (!pass_size(y, snap))
			y->mid_pass = false;
		y->next_pass_ns = y->meter.now_ns + PROOF_GAP_NS;
		d.phase = LAW_PHASE_IDLE;
		d.reason = LAW_REASON_NOTHING_MERGEABLE;
	} else if (y->hunting) {
		work(y, params, snap, &d);
	} else if (hunt_now(y, params, snap, &why)) {
		begin_hunt(y, params, snap);
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
	*ret_decision = d;
}

const struct law law_yield = {
	.name = "yield",
	.summary = "hunt on arrival, settle when it no longer pays",
	.init = yield_init,
	.decide = yield_decide,
};
