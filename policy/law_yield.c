// SPDX-License-Identifier: GPL-2.0
/*
 * yield: spend ksmd's CPU where it saves memory, and nowhere else.
 *
 * ksmd is driven in metered batches instead of a duty cycle. It sleeps for
 * LAW_SLEEP_MS_MAX; writing a *different* sleep_millisecs wakes it for exactly
 * one batch of pages_to_scan pages, and a batch ends by itself at the end of a
 * pass. So the law knows what every batch cost and found, ksmd rests at the
 * boundary of a pass, where newcomers are in the next pass from its first
 * page, and the cap holds because each batch is sized to what the window has
 * left. Should the daemon die, ksmd is left nearly idle.
 *
 * A page merges at the second visit that finds it unchanged, so a hunt is two
 * passes: one that learns checksums, one that merges. In the second smart_scan
 * is held off when it pays, because a page that it skips is in no tree and its
 * late twin cannot find it. A proof pass some seconds later tells whether more
 * is to be had, and looks for the late twins if the window could not pay for
 * them before; then the law patrols within a small budget, by whole passes
 * where the budget pays for one.
 *
 * Money decides. What waits, times the share of it that merged in hunts past,
 * times the lifetime of a merge, is what a hunt earns; its CPU times the
 * policy's price is what it costs. Earnings beyond cost: hunt when the growth
 * has paused; while it goes on, as soon as waiting itself has cost a hunt's
 * price (the ski-rental rule). Otherwise leave it to patrol, and say so.
 *
 * Invariants: one batch in flight at most; no batch larger than the window can
 * pay at the worst cost a page; run is SNAP_RUN_STOP only while no process has
 * mergeable memory.
 */
#include <string.h>

#include "law.h"
#include "law_demand.h"
#include "law_window.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull

/*
 * No page costs more. A batch that skips a whole pass to scan a handful would
 * else teach a cost at which no window ever pays for a batch again.
 */
#define COST_MAX_NS 50000u
/* Costs a page before anything was measured: scan 1 to 2.5 us, merge 5 to 15. */
#define COST_LEARN_NS 1500u
#define COST_MERGE_NS 5000u
#define COST_PATROL_NS 1200u
/* A page that smart_scan would skip: cold, and compared down a whole tree. */
#define COST_LATE_NS 5000u
/* The dearest page: merging, or as many times a scan on a slow CPU. */
#define BATCH_WORST_NS 15000u
#define BATCH_WORST_TIMES 6u
/* Never so sure that there are no late twins that nobody looks again. */
#define LATE_PERMILLE_LEAST 5u
/* A batch holds ksm_thread_mutex, which a writer of `run` waits for. */
#define BATCH_MAX_NS (200 * NS_PER_MS)
#define BATCH_LEAST_PAGES 256u
/* When the window is spent, wait until it pays for this much again. */
#define BATCH_LEAST_NS (60 * NS_PER_MS)
/* ksmd stood still for so long in a batch: the wake-up was lost, or it froze. */
#define BATCH_LOST_NS (3 * NS_PER_S)
/* The same where pages_scanned is not told (before 6.5): it is done. */
#define BATCH_STILL_NS (40 * NS_PER_MS)

/*
 * Growth that paused for so long has settled. A newcomer waits no longer than
 * PATIENCE_NS; during steady growth after a hunt less than HUNT_GAP_NS ago the
 * next one waits until waiting has cost a hunt's price.
 */
#define SETTLE_NS (150 * NS_PER_MS)
#define PATIENCE_NS (700 * NS_PER_MS)
#define HUNT_GAP_NS (3 * NS_PER_S)

#define PROOF_GAP_NS (5 * NS_PER_S)
/* Less than LAW_SLEEP_MS_MAX, after which ksmd would wake by itself. */
#define PATROL_GAP_MAX_NS (540 * NS_PER_S)

#define POLL_MIN_MS 20u
#define POLL_MAX_MS 150u
#define POLL_CAP_MS 300u

#define NEVER_NS UINT64_MAX

enum pass_kind { PASS_LEARN, PASS_MERGE, PASS_PROOF, PASS_PATROL, PASS_KINDS };

struct yield {
	struct law_window window;
	struct law_demand demand;
	/* what ksmd was told */
	uint32_t run, sleep_ms, scan_pages, smart_scan;
	bool primed;		/* counters were seen once */
	bool awake;		/* a batch is in flight */
	uint64_t batch_ns;	/* when it began */
	uint64_t batch_scanned;	/* counters when it began */
	uint64_t batch_cpu_ns;
	uint64_t moved_ns;	/* when ksmd was last seen to work in it */
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
	uint64_t last_cost_ns;		/* of the last batch, a page */
	uint64_t scan_ns;		/* a page that does not merge */
	uint64_t pass_pages;		/* visited by the last whole pass */
	uint64_t skipped_pages;		/* of which smart_scan skipped */
	uint64_t late_ns;		/* a page that smart_scan would skip */
	uint32_t share_permille;	/* of what waited, merged */
	uint32_t late_permille;		/* of what waited, was a late twin */
	/* the hunt */
	bool hunting;
	bool thorough;			/* late twins are worth a look, */
	bool thorough_now;		/* in this pass: smart_scan is off */
	uint32_t passes_wanted, passes_done;
	uint64_t hunt_ended_ns;
	uint64_t hunt_cpu_ns, hunt_saved, hunt_waited;
	bool announced;
	struct decision why;		/* the reason it began */
	/* after it */
	uint64_t next_pass_ns;
	enum pass_kind next_kind;
	int64_t earned_mib_s;		/* a CPU-second in the last pass */
	/* scratch of this tick */
	uint64_t now, cpu_ns, visited, scanned;
	bool saw_cpu;			/* schedstat has been readable */
	uint64_t loss_ns;		/* when loss was last added up */
	uint64_t loss_mib_ms;		/* what waiting has cost */
};

_Static_assert(sizeof(struct yield) <= sizeof(struct law_state), "state fits");

static void yield_init(struct law_state *state, const struct law_params *params)
{
	struct yield *y = (struct yield *)state;

	memset(y, 0, sizeof(*y));
	law_window_init(&y->window, params->cap_window_ms);
	law_demand_init(&y->demand);
	y->run = SNAP_RUN_MERGE;
	y->sleep_ms = LAW_SLEEP_MS_MAX;
	y->scan_pages = BATCH_LEAST_PAGES;
	y->smart_scan = LAW_KEEP;
	y->cost_ns[PASS_LEARN] = COST_LEARN_NS;
	y->cost_ns[PASS_MERGE] = COST_MERGE_NS;
	y->cost_ns[PASS_PROOF] = COST_PATROL_NS;
	y->cost_ns[PASS_PATROL] = COST_PATROL_NS;
	y->scan_ns = COST_PATROL_NS;
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
	uint64_t waits, dt_ms, cpu_ns = y->cpu_ns, scanned = y->scanned;

	y->now = snap->mono_ns;
	y->scanned = snap->ksm.pages_scanned;
	y->visited = y->scanned + snap->ksm.pages_skipped;
	if (snap_has(snap, SNAP_CAP_KSMD_CPU)) {
		y->cpu_ns = snap->ksm.ksmd_cpu_ns;
		y->saw_cpu = true;
	} else if (!y->saw_cpu) {
		y->cpu_ns = y->visited * COST_LEARN_NS;
	}
	if (!y->scanned)	/* not told: as many as its CPU pays for */
		y->visited = y->scanned = y->cpu_ns / COST_LEARN_NS;
	if (y->cpu_ns != cpu_ns || y->scanned != scanned)
		y->moved_ns = y->now;
	law_window_resize(&y->window, params->cap_window_ms, y->now, y->cpu_ns);
	law_window_add(&y->window, y->now, y->cpu_ns);
	law_demand_update(&y->demand, params, snap);

	waits = y->demand.arrived * y->share_permille / 1000 +
		y->demand.rewritten;
	dt_ms = y->loss_ns ? (y->now - y->loss_ns) / NS_PER_MS : 0;
	y->loss_ns = y->now;
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
	y->pass_visited = y->visited;
	y->pass_scanned = y->scanned;
	y->pass_cpu_ns = y->cpu_ns;
	y->pass_saved = snap_saved_pages(snap);
	y->mid_pass = true;
}

static uint64_t a_page(uint64_t cpu_ns, uint64_t pages)
{
	uint64_t ns = cpu_ns / pages;

	return ns < COST_MAX_NS ? ns : COST_MAX_NS;
}

static void learn_cost(uint64_t *cost_ns, uint64_t cpu_ns, uint64_t pages)
{
	if (pages >= BATCH_LEAST_PAGES)
		*cost_ns = (*cost_ns + a_page(cpu_ns, pages)) / 2;
}

/*
 * A thorough pass by itself shows what late twins there were; one that merges
 * the newcomers too shows only what it cost.
 */
static void learn_late_twins(struct yield *y, uint64_t cpu_ns,
			     uint64_t scanned, int64_t gain)
{
	uint64_t late = gain > 0 ? (uint64_t)gain : 0;

	learn_cost(&y->late_ns, cpu_ns, scanned);
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

/* What the hunt found, against what it was begun for. */
static void end_hunt(struct yield *y, const struct snap *snap)
{
	uint64_t saved = snap_saved_pages(snap);
	uint64_t found = saved > y->hunt_saved ? saved - y->hunt_saved : 0;
	uint64_t share;

	y->hunting = false;
	y->hunt_ended_ns = y->now;
	if (y->hunt_waited) {
		share = found * 1000 / y->hunt_waited;
		share = (share > 1000 ? 1000 : share) + y->share_permille;
		y->share_permille = share / 2 < 20 ? 20 : (uint32_t)share / 2;
	}
	law_demand_mark(&y->demand, snap);
	y->next_kind = PASS_PROOF;
	y->next_pass_ns = y->now + PROOF_GAP_NS;
}

static void plan_patrol(struct yield *y, const struct law_params *params,
			uint64_t spent_ns, bool paid)
{
	uint64_t gap = PATROL_GAP_MAX_NS;

	if (params->patrol_upermille)
		gap = spent_ns * 1000000 / params->patrol_upermille;
	if (gap > PATROL_GAP_MAX_NS)
		gap = PATROL_GAP_MAX_NS;
	if (paid || gap < NS_PER_S)
		gap = paid ? PROOF_GAP_NS : NS_PER_S;
	y->next_kind = paid ? PASS_PROOF : PASS_PATROL;
	y->next_pass_ns = y->now + gap;
	/* Told not to patrol: only what may still earn is looked at. */
	if (!paid && !params->patrol_upermille)
		y->next_pass_ns = NEVER_NS;
}

static void end_pass(struct yield *y, const struct law_params *params,
		     const struct snap *snap)
{
	uint64_t cpu = y->cpu_ns - y->pass_cpu_ns;
	uint64_t scanned = y->scanned - y->pass_scanned;
	int64_t gain = (int64_t)(snap_saved_pages(snap) - y->pass_saved);
	uint32_t life = law_demand_life_s(&y->demand, params);
	int64_t worth = worth_mib_s(snap, gain, life);

	y->mid_pass = false;
	y->pass_pages = y->visited - y->pass_visited;
	if (y->thorough_now)
		learn_late_twins(y, cpu, scanned, gain);
	else
		y->skipped_pages = y->pass_pages - scanned;
	y->thorough_now = false;
	learn_cost(&y->cost_ns[y->kind], cpu, scanned);
	y->earned_mib_s = worth * 1000 / (int64_t)(cpu / NS_PER_MS + 1);
	if (y->hunting) {
		if (++y->passes_done >= y->passes_wanted)
			end_hunt(y, snap);
		return;
	}
	law_demand_merged(&y->demand, snap, gain);
	/* One that merged a quarter of all there is has not seen the end. */
	plan_patrol(y, params, cpu, y->earned_mib_s > params->price_mib_s ||
		    gain > (int64_t)(snap_saved_pages(snap) / 4));
}

/* What patrol may spend in the longest gap between two of its batches. */
static uint64_t patrol_purse_ns(const struct law_params *params)
{
	return PATROL_GAP_MAX_NS / 1000000 * params->patrol_upermille;
}

static uint64_t patrol_cost_ns(const struct yield *y, const struct snap *snap)
{
	return pass_size(y, snap) * y->cost_ns[PASS_PATROL];
}

/* The batch in flight is over when its pages are scanned or the pass is. */
static void reap_batch(struct yield *y, const struct law_params *params,
		       const struct snap *snap)
{
	bool over = snap->ksm.full_scans != y->full_scans;
	uint64_t scanned = y->scanned - y->batch_scanned;
	bool blind = !snap->ksm.pages_scanned && scanned;
	uint64_t patience = blind ? BATCH_STILL_NS : BATCH_LOST_NS;

	if (!y->awake)
		return;
	if (!over && scanned < y->scan_pages &&
	    y->now - y->moved_ns < patience)
		return;
	y->awake = false;
	y->last_cost_ns = y->cost_ns[y->kind];
	if (scanned >= BATCH_LEAST_PAGES)
		y->last_cost_ns = a_page(y->cpu_ns - y->batch_cpu_ns, scanned);
	if (y->kind != PASS_MERGE && scanned >= BATCH_LEAST_PAGES)
		y->scan_ns = y->last_cost_ns > y->scan_ns ? y->last_cost_ns :
			     (y->scan_ns + y->last_cost_ns) / 2;
	if (over)
		end_pass(y, params, snap);
	else if (y->kind == PASS_PATROL && !y->hunting &&
		 patrol_cost_ns(y, snap) > patrol_purse_ns(params))
		plan_patrol(y, params, y->cpu_ns - y->batch_cpu_ns, false);
}

/* The host's own work waits for CPU. */
static bool braked(const struct law_params *params, const struct snap *snap)
{
	return snap_has(snap, SNAP_CAP_PSI_CPU) &&
	       params->psi_cpu_permille < 1000 &&
	       snap->host.psi_cpu.some_avg10_permille >=
	       params->psi_cpu_permille;
}

static uint32_t effective_cap(const struct law_params *params,
			      const struct snap *snap)
{
	return braked(params, snap) ? params->cap_permille / 4 :
				      params->cap_permille;
}

static uint64_t allowance_ns(const struct yield *y,
			     const struct law_params *params,
			     const struct snap *snap)
{
	uint64_t cap = (uint64_t)effective_cap(params, snap) *
		       params->cap_window_ms * 1000;
	uint64_t used = law_window_used_ns(&y->window, y->now, y->cpu_ns);

	return cap > used ? cap - used : 0;
}

/* Pages of the next batch; 0 when the window cannot pay for one. */
static uint32_t batch_size(const struct yield *y,
			   const struct law_params *params,
			   const struct snap *snap)
{
	uint64_t left = allowance_ns(y, params, snap);
	uint64_t cost = y->cost_ns[y->kind];
	uint64_t worst = y->scan_ns * BATCH_WORST_TIMES;
	uint64_t budget = BATCH_MAX_NS, pages;
	uint64_t least = (uint64_t)effective_cap(params, snap) *
			 params->cap_window_ms * 1000 / 4;

	if (least > BATCH_LEAST_NS)
		least = BATCH_LEAST_NS;
	if (worst < BATCH_WORST_NS)
		worst = BATCH_WORST_NS;
	if (y->last_cost_ns > cost)
		cost = y->last_cost_ns;
	if (y->kind == PASS_PATROL && !y->hunting &&
	    budget > patrol_purse_ns(params))
		budget = patrol_purse_ns(params);
	pages = budget / (cost ? cost : 1);
	if (pages > left / worst)
		pages = left / worst;
	if (pages > LAW_SCAN_PAGES_MAX)
		pages = LAW_SCAN_PAGES_MAX;
	if (pages < BATCH_LEAST_PAGES &&
	    !law_window_used_ns(&y->window, y->now, y->cpu_ns))
		return BATCH_LEAST_PAGES;	/* a cap this small still moves */
	if (pages < BATCH_LEAST_PAGES || left < least)
		return 0;
	return (uint32_t)pages;
}

/* Wake ksmd for one batch. */
static void dispatch(struct yield *y, uint32_t pages)
{
	y->run = SNAP_RUN_MERGE;
	y->scan_pages = pages;
	y->smart_scan = y->thorough_now ? 0 : LAW_KEEP;
	y->sleep_ms = y->sleep_ms == LAW_SLEEP_MS_MAX ? LAW_SLEEP_MS_MAX - 1 :
							 LAW_SLEEP_MS_MAX;
	y->awake = true;
	y->batch_ns = y->now;
	y->batch_scanned = y->scanned;
	y->batch_cpu_ns = y->cpu_ns;
	y->moved_ns = y->now;
}

static void begin_hunt(struct yield *y, const struct law_params *params,
		       const struct snap *snap)
{
	struct law_demand *d = &y->demand;
	uint64_t cost = hunt_cost_ns(y, snap);
	bool rewrite = d->rewritten > d->arrived;
	int64_t late = hunt_worth(y, params, snap) * y->late_permille / 1000;

	y->why = (struct decision){
		.reason = rewrite ? LAW_REASON_REWRITE : LAW_REASON_ARRIVAL,
		.arg = { (int64_t)(rewrite ? d->rewritten : d->arrived),
			 (int64_t)(rewrite ? snap_saved_pages(snap) :
					     d->population),
			 (int64_t)(cost / NS_PER_MS) },
	};
	y->thorough = snap_has(snap, SNAP_CAP_SKIPPED) &&
		      late >= price_of(params, y->skipped_pages * y->late_ns);
	y->hunting = true;
	y->announced = false;
	y->passes_done = 0;
	y->passes_wanted = y->mid_pass ? 3 : 2;
	y->hunt_cpu_ns = y->cpu_ns;
	y->hunt_saved = snap_saved_pages(snap);
	y->hunt_waited = d->arrived + d->rewritten;
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
	if (y->now - d->grew_ns >= SETTLE_NS ||
	    (int64_t)(y->loss_mib_ms / 1000) >= cost)
		return true;
	return y->now - d->since_ns >= PATIENCE_NS &&
	       (d->newcomer || !y->hunt_ended_ns ||
		y->now - y->hunt_ended_ns >= HUNT_GAP_NS);
}

/*
 * Late twins are looked for while merging if what the window has left pays for
 * it, so that the newcomers' own twins do not wait for the cap; else in the
 * proof pass.
 */
static bool late_twins_now(const struct yield *y,
			   const struct law_params *params,
			   const struct snap *snap)
{
	uint64_t cost = y->skipped_pages * y->late_ns +
			pass_size(y, snap) * y->cost_ns[PASS_LEARN] +
			y->hunt_waited * y->share_permille / 1000 *
			y->cost_ns[PASS_MERGE];

	if (!y->thorough)
		return false;
	/* Rewritten pages may be old enough to be skipped when first seen. */
	if (y->kind == PASS_LEARN)
		return y->why.reason == LAW_REASON_REWRITE &&
		       2 * cost < allowance_ns(y, params, snap);
	return y->kind == PASS_PROOF ||
	       (y->kind == PASS_MERGE && cost < allowance_ns(y, params, snap));
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
		d->arg[2] = (int64_t)((y->cpu_ns - y->hunt_cpu_ns) / NS_PER_MS);
		break;
	case LAW_REASON_CAP:
		d->arg[0] = (int64_t)(law_window_used_ns(&y->window, y->now,
							 y->cpu_ns) / NS_PER_MS);
		d->arg[1] = effective_cap(params, snap) *
			    (int64_t)params->cap_window_ms / 1000;
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
		d->arg[1] = y->next_pass_ns > y->now ?
			    (int64_t)((y->next_pass_ns - y->now) / NS_PER_MS) : 0;
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

/* ksmd is to work: send the next batch, or wait for the window to pay. */
static void work(struct yield *y, const struct law_params *params,
		 const struct snap *snap, struct decision *d)
{
	uint32_t pages;
	enum law_phase phase = y->hunting ? LAW_PHASE_HUNT : LAW_PHASE_PATROL;

	if (!y->mid_pass)
		next_pass(y, params, snap);
	pages = batch_size(y, params, snap);
	if (!pages) {
		if (braked(params, snap))
			say(y, params, LAW_PHASE_BRAKE, LAW_REASON_PSI, snap, d);
		else
			say(y, params, phase, LAW_REASON_CAP, snap, d);
		d->next_ms = POLL_CAP_MS;
		return;
	}
	dispatch(y, pages);
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
	if (braked(params, snap)) {
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
	if (!params->patrol_upermille && y->next_pass_ns == NEVER_NS)
		y->run = SNAP_RUN_STOP;	/* or it wakes by itself in the end */
	if (law_demand_waits(&y->demand, params) && !why->reason) {
		/* A hunt is near: watch the growth closely. */
		d->look = true;
		d->next_ms = POLL_MAX_MS;
	}
}

static void settle_knobs(const struct yield *y, const struct law_params *params,
			 struct decision *d)
{
	d->run = y->run;
	d->sleep_ms = y->sleep_ms;
	d->scan_pages = y->scan_pages;
	d->smart_scan = y->smart_scan;
	if (y->awake) {
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
		d.scan_pages = BATCH_LEAST_PAGES;
		*ret_decision = d;
		return;
	}
	observe(y, params, snap);
	if (!y->primed) {
		/* Nobody knows where in a pass ksmd stands. */
		begin_pass(y, snap, PASS_PATROL);
		y->next_kind = PASS_PATROL;
		y->next_pass_ns = params->patrol_upermille ?
				  y->now + PROOF_GAP_NS : NEVER_NS;
		y->primed = true;
	}
	reap_batch(y, params, snap);

	if (y->awake) {
		say(y, params, y->hunting ? LAW_PHASE_HUNT : LAW_PHASE_PATROL,
		    at_work(y), snap, &d);
		/* Soon after it was due, less often the longer it takes. */
		d.next_ms = (uint32_t)((y->now - y->batch_ns) / NS_PER_MS) / 4;
	} else if (!y->demand.population) {
		y->hunting = false;
		y->run = SNAP_RUN_STOP;
		y->smart_scan = LAW_KEEP;
		/* With nothing left to scan ksmd rests at a boundary. */
		if (!pass_size(y, snap))
			y->mid_pass = false;
		y->next_pass_ns = NEVER_NS;
		d.phase = LAW_PHASE_IDLE;
		d.reason = LAW_REASON_NOTHING_MERGEABLE;
	} else if (y->hunting) {
		work(y, params, snap, &d);
	} else if (hunt_now(y, params, snap, &why)) {
		begin_hunt(y, params, snap);
		work(y, params, snap, &d);
	} else if (y->now >= y->next_pass_ns &&
		   (y->mid_pass || !braked(params, snap))) {
		work(y, params, snap, &d);
	} else {
		y->smart_scan = LAW_KEEP;
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
