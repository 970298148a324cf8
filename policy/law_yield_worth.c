// SPDX-License-Identifier: GPL-2.0
#include "law_yield_priv.h"

/*
 * A page without an equal costs ksmd a search of two trees, and with the index
 * none: 0.654 of COST_PATROL_NS (experiments/lookahead). Its bucket takes 8 bytes
 * at the most (kernel/COVER-ksm.md), also while ksmd rests, for so long at most.
 */
#define INDEX_SPARES_NS (COST_PATROL_NS * 654 / 1000)
#define INDEX_BYTES 8
#define REST_MAX_S 540
/* Knobs that turn nothing just now are not read at every tick. */
#define REFUSED_NS (60 * NS_PER_S)

/* No host has more: 256 TiB. Keeps absurd counters out of the arithmetic. */
#define PAGES_MAX (1ll << 36)

int64_t law_yield_worth_mib_s(const struct snap *snap, int64_t pages,
			      uint32_t life_s)
{
	if (pages > PAGES_MAX)
		pages = PAGES_MAX;
	if (pages < -PAGES_MAX)
		pages = -PAGES_MAX;
	return pages * (int64_t)(snap->page_size / 1024) * life_s / 1024;
}

int64_t law_yield_price_mib_s(const struct law_params *params, uint64_t cpu_ns)
{
	return (int64_t)(cpu_ns / 1000 * params->price_mib_s / 1000000);
}

uint64_t law_yield_pass_size(const struct yield *y, const struct snap *snap)
{
	uint64_t known = snap->ksm.pages_shared + snap->ksm.pages_sharing +
			 snap->ksm.pages_unshared + snap->ksm.pages_volatile;

	if (known && known < y->pass_pages)
		known = y->pass_pages;
	if (known < y->demand.population)
		known = y->demand.population;
	return known;
}

uint64_t law_yield_hunt_cost_ns(const struct yield *y, const struct snap *snap)
{
	uint64_t pages = law_yield_pass_size(y, snap);
	uint64_t waits = y->demand.arrived + y->demand.rewritten;

	if (waits > pages)
		waits = pages;
	return pages * (y->cost_ns[PASS_LEARN] + COST_PATROL_NS) +
	       waits * y->share_permille / 1000 * y->cost_ns[PASS_MERGE];
}

int64_t law_yield_hunt_worth_mib_s(const struct yield *y,
				   const struct law_params *params,
				   const struct snap *snap)
{
	const struct law_demand *d = &y->demand;

	return law_yield_worth_mib_s(
		       snap, (int64_t)(d->arrived * y->share_permille / 1000),
		       params->horizon_s) +
	       law_yield_worth_mib_s(snap, (int64_t)d->rewritten,
				     law_demand_life_s(d, params));
}

uint64_t law_yield_patrol_cost_ns(const struct yield *y,
				  const struct snap *snap)
{
	return law_yield_pass_size(y, snap) * y->cost_ns[PASS_PATROL];
}

bool law_yield_late_twins_pay(const struct yield *y,
			      const struct law_params *params,
			      const struct snap *snap, uint64_t found)
{
	uint64_t expected = y->hunt_waited * y->share_permille / 1000;
	uint64_t missing = expected > found ? expected - found : 0;
	uint64_t late = expected * y->late_permille / 1000;

	if (late > missing)
		late = missing;
	return law_yield_worth_mib_s(snap, (int64_t)late, params->horizon_s) >=
	       law_yield_price_mib_s(params, y->skipped_pages * y->late_ns);
}

bool law_yield_rest_can_wait(const struct yield *y,
			     const struct law_params *params,
			     const struct snap *snap)
{
	uint64_t expected = y->hunt_waited * y->share_permille / 1000;
	uint64_t found = y->meter.merged - y->hunt_merged;
	uint64_t rest = expected > found ? expected - found : 0;

	return y->kind == PASS_LEARN && found && rest <= found &&
	       law_yield_worth_mib_s(snap, (int64_t)rest,
				     PROOF_GAP_NS / NS_PER_S) <
	       law_yield_price_mib_s(params, law_yield_pass_size(y, snap) *
					     y->cost_ns[PASS_PROOF]);
}

static bool index_pays(const struct law_params *params)
{
	/* Of a page and a pass: B-s at the price of CPU, and held meanwhile. */
	uint64_t spares = (uint64_t)params->price_mib_s * 1048576 *
			  INDEX_SPARES_NS / NS_PER_S;

	return spares >= INDEX_BYTES * REST_MAX_S;
}

/* The kernel had no memory for it, or somebody is in the way. */
static bool asked_in_vain(struct yield *y, const struct snap *snap)
{
	if (snap->ksm.checksum_index)
		y->index_asked_ns = 0;
	else if (!y->index_asked_ns)
		y->index_asked_ns = y->meter.now_ns;
	return y->index_asked_ns &&
	       y->meter.now_ns - y->index_asked_ns >= REFUSED_NS;
}

void law_yield_find(struct yield *y, const struct law_params *params,
		    const struct snap *snap, struct decision *ret_decision)
{
	bool pays = index_pays(params);

	ret_decision->checksum_index = pays ? LAW_SWITCH_ON : LAW_SWITCH_KEEP;
	if (!snap_has(snap, SNAP_CAP_INDEX))
		return;
	ret_decision->finding = !pays ? LAW_FINDING_CHEAP :
				asked_in_vain(y, snap) ? LAW_FINDING_REFUSED :
							 LAW_FINDING_INDEX;
	ret_decision->finding_arg[0] = INDEX_SPARES_NS;
	ret_decision->finding_arg[1] = INDEX_BYTES;
	if (ret_decision->finding != LAW_FINDING_INDEX)
		ret_decision->lookahead = LAW_SWITCH_ON;
}
