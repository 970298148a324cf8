// SPDX-License-Identifier: GPL-2.0
#include "law_demand.h"

/*
 * Time constant of the copy rate. Long against one rewrite (a deployment, a
 * log rotation), short against a guest's life: one rewrite of a third of what
 * is merged still leaves merges a lifetime of minutes.
 */
#define COW_TAU_MS 120000u

/*
 * What was merged will merge again, and a process that just appeared will
 * grow: both count before growth does, by these powers of two.
 */
#define REWRITE_SHIFT 1
#define NEWCOMER_SHIFT 3

void law_demand_init(struct law_demand *demand)
{
	*demand = (struct law_demand){ 0 };
}

static uint64_t weighted(const struct snap_vm *vm)
{
	if (!vm->mergeable)
		return 0;
	return vm->rss_anon_pages * vm->weight_permille / 1000 *
	       vm->expect_permille / 1000;
}

static void add_arrival(struct law_demand *d, uint64_t pages, uint64_t now)
{
	if (!pages)
		return;
	d->arrived += pages;
	d->grew_ns = now;
	if (!d->since_ns)
		d->since_ns = now;
}

/* A look at the table: processes that are new, and growth of the others. */
static void look(struct law_demand *d, const struct snap *snap)
{
	uint64_t known = 0, fresh = 0, newest = d->newest_start, merged;

	for (uint32_t i = 0; i < snap->nvms; i++) {
		const struct snap_vm *vm = &snap->vms[i];
		uint64_t pages = weighted(vm);

		if (d->first_look_done && vm->start_ticks > d->newest_start)
			fresh += pages;
		else
			known += pages;
		if (pages && vm->start_ticks > newest)
			newest = vm->start_ticks;
	}
	if (!d->first_look_done) {
		/* Taking over: what is merged already need not be hunted. */
		merged = snap->ksm.pages_shared + snap_saved_pages(snap);
		add_arrival(d, known > merged ? known - merged : 0,
			    snap->mono_ns);
		d->first_look_done = true;
	} else {
		add_arrival(d, fresh, snap->mono_ns);
		if (fresh)
			d->newcomer = true;
		if (known > d->known_pages)
			add_arrival(d, known - d->known_pages, snap->mono_ns);
	}
	d->newest_start = newest;
	d->known_pages = known + fresh;
	d->population = known + fresh;
	if (d->arrived > d->population)
		d->arrived = d->population;
	d->vms_seq = snap->vms_seq;
}

static void follow_copies(struct law_demand *d, const struct snap *snap)
{
	uint64_t dt_ms = (snap->mono_ns - d->mono_ns) / 1000000;
	uint64_t copies = 0, rate;

	if (!snap_has(snap, SNAP_CAP_COW) || !dt_ms)
		return;
	if (snap->host.cow_ksm > d->cow)
		copies = snap->host.cow_ksm - d->cow;
	d->cow = snap->host.cow_ksm;

	if (dt_ms > COW_TAU_MS)
		dt_ms = COW_TAU_MS;
	rate = d->cow_rate_milli;
	rate -= rate * dt_ms / COW_TAU_MS;
	/* copies spread over one time constant: pages/s x 1000 */
	rate += copies * 1000000 / COW_TAU_MS;
	d->cow_rate_milli = rate;

	if (copies) {
		d->rewritten += copies;
		d->grew_ns = snap->mono_ns;
		if (!d->since_ns)
			d->since_ns = snap->mono_ns;
	}
}

void law_demand_update(struct law_demand *demand,
		       const struct law_params *params,
		       const struct snap *snap)
{
	(void)params;
	if (!demand->primed) {
		demand->primed = true;
		demand->cow = snap->host.cow_ksm;
	} else {
		follow_copies(demand, snap);
	}
	demand->mono_ns = snap->mono_ns;
	if (snap->vms_seq && snap->vms_seq != demand->vms_seq)
		look(demand, snap);
}

bool law_demand_waits(const struct law_demand *demand,
		      const struct law_params *params)
{
	uint64_t least = params->arrival_kib / 4;
	uint64_t share = demand->population * params->arrival_permille / 1000;

	if (demand->newcomer && demand->arrived >= least >> NEWCOMER_SHIFT)
		return true;
	if (demand->rewritten >= least >> REWRITE_SHIFT &&
	    demand->rewritten >= share >> REWRITE_SHIFT)
		return true;
	return demand->arrived + demand->rewritten >= least &&
	       demand->arrived + demand->rewritten >= share;
}

void law_demand_take(struct law_demand *demand)
{
	demand->arrived = 0;
	demand->newcomer = false;
	demand->rewritten = 0;
	demand->since_ns = 0;
	demand->grew_ns = 0;
}

uint32_t law_demand_lifetime_s(const struct law_demand *demand,
			       const struct law_params *params,
			       const struct snap *snap)
{
	uint64_t merged = snap_saved_pages(snap) + demand->rewritten;
	uint64_t life = params->horizon_s;

	if (demand->cow_rate_milli >= 1000)
		life = merged * 1000 / demand->cow_rate_milli;
	if (life > params->horizon_s)
		life = params->horizon_s;
	return life ? (uint32_t)life : 1;
}
