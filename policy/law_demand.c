// SPDX-License-Identifier: GPL-2.0
#include "law_demand.h"

#define NS_PER_S 1000000000ull

/* A merge that lives less is a strike; each doubles the peace it takes to try. */
#define SHORT_LIFE_S 30u
#define STRIKES_MAX 6u

/*
 * What was merged will merge again, and a process that just appeared will
 * grow: both count before growth does, by these powers of two.
 */
#define REWRITE_SHIFT 1
#define NEWCOMER_SHIFT 3

void law_demand_init(struct law_demand *demand)
{
	*demand = (struct law_demand){ .life_s = UINT32_MAX };
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
}

/* A look at the table: processes that are new, and growth of the others. */
static void look(struct law_demand *d, const struct snap *snap)
{
	uint64_t known = 0, fresh = 0, newest = d->newest_start, seen;

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
		/* Taking over: what ksmd knows already need not be hunted. */
		seen = snap->ksm.pages_shared + snap_saved_pages(snap) +
		       snap->ksm.pages_unshared + snap->ksm.pages_volatile;
		add_arrival(d, known > seen ? known - seen : 0,
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

void law_demand_mark(struct law_demand *demand, const struct snap *snap)
{
	demand->mark_ns = snap->mono_ns;
	demand->mark_pages = snap_saved_pages(snap);
	demand->mark_copies = 0;
}

void law_demand_merged(struct law_demand *demand, const struct snap *snap,
		       int64_t gain)
{
	uint64_t pages = gain > 0 ? (uint64_t)gain : 0;

	/* A page copied twice was counted twice: half of them is all of them. */
	if (pages >= demand->rewritten / 2)
		demand->rewritten = 0;
	else
		demand->rewritten -= pages;
	if (pages > demand->mark_pages / 4)
		law_demand_mark(demand, snap);
}

/* Half of what was merged has been copied: that is how long merges live. */
static void half_is_gone(struct law_demand *d, const struct snap *snap)
{
	d->life_s = 2 * (snap->mono_ns - d->mark_ns) / NS_PER_S;
	d->copied_ns = snap->mono_ns;
	if (d->life_s >= SHORT_LIFE_S)
		d->strikes = 0;
	else if (d->strikes < STRIKES_MAX)
		d->strikes++;
	law_demand_mark(d, snap);
}

static void follow_copies(struct law_demand *d, const struct snap *snap)
{
	uint64_t copies = 0;

	if (!snap_has(snap, SNAP_CAP_COW))
		return;
	if (snap->host.cow_ksm > d->cow)
		copies = snap->host.cow_ksm - d->cow;
	d->cow = snap->host.cow_ksm;
	if (!copies)
		return;
	d->rewritten += copies;
	if (d->rewritten > d->population)
		d->rewritten = d->population;
	d->mark_copies += copies;
	d->grew_ns = snap->mono_ns;
	if (d->mark_pages && d->mark_copies >= d->mark_pages / 2)
		half_is_gone(d, snap);
}

void law_demand_update(struct law_demand *demand,
		       const struct law_params *params,
		       const struct snap *snap)
{
	if (!demand->primed) {
		demand->primed = true;
		demand->cow = snap->host.cow_ksm;
		demand->copied_ns = snap->mono_ns;
		law_demand_mark(demand, snap);
	} else {
		follow_copies(demand, snap);
	}
	demand->mono_ns = snap->mono_ns;
	if (snap->vms_seq && snap->vms_seq != demand->vms_seq)
		look(demand, snap);
	/* Crumbs that are too few to hunt for do not start the clock. */
	if (!law_demand_waits(demand, params))
		demand->since_ns = 0;
	else if (!demand->since_ns)
		demand->since_ns = snap->mono_ns;
}

bool law_demand_waits(const struct law_demand *demand,
		      const struct law_params *params)
{
	uint64_t least = params->arrival_kib / 4;
	uint64_t share = demand->population * params->arrival_permille / 1000;

	if (demand->newcomer && demand->arrived >= least >> NEWCOMER_SHIFT &&
	    demand->arrived >= share >> NEWCOMER_SHIFT)
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

uint32_t law_demand_life_s(const struct law_demand *demand,
			   const struct law_params *params)
{
	uint64_t life = demand->life_s;
	uint64_t peace = (demand->mono_ns - demand->copied_ns) / NS_PER_S >>
			 demand->strikes;

	if (life < peace)
		life = peace;
	if (life > params->horizon_s)
		life = params->horizon_s;
	return life ? (uint32_t)life : 1;
}
