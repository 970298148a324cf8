/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Inside the law yield; for policy/law_yield*.c only.
 *
 *	law_yield.c		decides: hunt, patrol, wait or rest, and says why
 *	law_yield_pass.c	what begins and ends a batch, a pass, a hunt
 *	law_yield_worth.c	what they earn and cost
 */
#ifndef DENSITY_LAW_YIELD_PRIV_H
#define DENSITY_LAW_YIELD_PRIV_H

#include "law.h"
#include "law_calm.h"
#include "law_demand.h"
#include "law_meter.h"
#include "law_patrol.h"

#define NS_PER_MS 1000000ull
#define NS_PER_S  1000000000ull

/* A page of a pass that finds nothing, before one was measured. */
#define COST_PATROL_NS 1200u
/* After a pass that earned its price, to see whether there is more. */
#define PROOF_GAP_NS (5 * NS_PER_S)

enum pass_kind { PASS_LEARN, PASS_MERGE, PASS_PROOF, PASS_PATROL, PASS_KINDS };

struct yield {
	struct law_meter meter;
	struct law_demand demand;
	struct law_patrol patrol;
	struct law_calm calm;
	bool primed;	/* counters were seen once */
	uint32_t smart_scan;	/* what ksmd was told */
	uint64_t index_asked_ns;	/* in vain since, 0: it is on */
	/* the pass under way; a pass may take many batches */
	bool mid_pass;
	enum pass_kind kind;
	uint64_t full_scans;
	uint64_t pass_visited;
	uint64_t pass_scanned;
	uint64_t pass_cpu_ns;
	uint64_t pass_merged;	/* at first sight */
	uint64_t pass_saved;
	/* learnt */
	uint64_t cost_ns[PASS_KINDS];	/* a page scanned */
	uint64_t pass_pages;	/* visited by the last whole pass */
	uint64_t pass_population;	/* at its end */
	uint64_t skipped_pages;	/* of which smart_scan skipped */
	uint64_t late_ns;	/* a page that smart_scan would skip */
	uint32_t share_permille;	/* of what waited, merged */
	uint32_t late_permille;	/* of what waited, was a late twin */
	/* the hunt */
	bool hunting;
	bool thorough;	/* late twins are worth a look, */
	bool thorough_now;	/* in this pass: smart_scan is off */
	uint32_t passes_wanted, passes_done;
	uint64_t hunt_began_ns, hunt_ended_ns;
	bool has_met;		/* memory that a newcomer's could be twin of */
	uint64_t hunt_cpu_ns, hunt_saved, hunt_waited;
	uint64_t hunt_merged;	/* at first sight */
	bool at_first_sight;	/* its first pass may merge already */
	bool announced;
	struct decision why;	/* the reason it began */
	/* after it */
	uint64_t next_pass_ns;
	enum pass_kind next_kind;
	bool quick;	/* the next proof is the quick one */
	int64_t earned_mib_s;	/* a CPU-second in the last pass */
	uint64_t loss_ns;	/* when loss was last added up */
	uint64_t loss_mib_ms;	/* what waiting has cost */
};

_Static_assert(sizeof(struct yield) <= sizeof(struct law_state), "state fits");

/* law_yield_worth.c. Worth and price are MiB-s, costs ns of ksmd's CPU. */

/* @pages merged for @life_s. */
int64_t law_yield_worth_mib_s(const struct snap *snap, int64_t pages,
			      uint32_t life_s);
int64_t law_yield_price_mib_s(const struct law_params *params, uint64_t cpu_ns);
/* Pages that a whole pass will visit. */
uint64_t law_yield_pass_size(const struct yield *y, const struct snap *snap);
uint64_t law_yield_patrol_cost_ns(const struct yield *y,
				  const struct snap *snap);
/* Of a hunt for what waits now. */
uint64_t law_yield_hunt_cost_ns(const struct yield *y, const struct snap *snap);
int64_t law_yield_hunt_worth_mib_s(const struct yield *y,
				   const struct law_params *params,
				   const struct snap *snap);
/*
 * Do late twins pay for a pass that skips nothing? Not more can be missing than
 * was to be expected and has not merged, @found pages, without one.
 */
bool law_yield_late_twins_pay(const struct yield *y,
			      const struct law_params *params,
			      const struct snap *snap, uint64_t found);

/*
 * Has so much merged at first sight that a proof may see to the rest? Where
 * merges are not counted: no.
 */
bool law_yield_rest_can_wait(const struct yield *y,
			     const struct law_params *params,
			     const struct snap *snap);

/*
 * By which means is a kernel with our patches to find pages? By the index, where
 * it pays; lookahead then stays as it was, for beside the index it spares nothing
 * that could be measured. Alone it pays: 0.86 to 0.90 of the CPU with guests that
 * are alike, 1.004 with what is not (kernel/COVER-ksm.md), and no memory.
 */
void law_yield_find(struct yield *y, const struct law_params *params,
		    const struct snap *snap, struct decision *ret_decision);

/* law_yield_pass.c */

/* Does ksmd merge at first sight what is known already, and count it? */
bool law_yield_merges_at_first_sight(const struct snap *snap);

void law_yield_begin_hunt(struct yield *y, const struct law_params *params,
			  const struct snap *snap);
/* Whatever kind is next. */
void law_yield_next_pass(struct yield *y, const struct law_params *params,
			 const struct snap *snap);
void law_yield_begin_pass(struct yield *y, const struct snap *snap,
			  enum pass_kind kind);
/* If the batch in flight is over, learn from it, and from what it ends. */
void law_yield_reap_batch(struct yield *y, const struct law_params *params,
			  const struct snap *snap);
/* @spent_ns of CPU was spent: when is the next look? Soon when @earning. */
void law_yield_plan_patrol(struct yield *y, const struct law_params *params,
			   uint64_t spent_ns, bool earning);

#endif
