// SPDX-License-Identifier: GPL-2.0
#include "law_shadow_move.h"

#define NS_PER_S 1e9f
/* Go half of the way, for estimates are no more than that; but arrive. */
#define STEP 0.5f
/*
 * So much of its limit a VM at work loses at first. It is twice as much each
 * time that it can bear more, and so little again once it cannot.
 */
#define LOSS_FIRST 0.15f
#define LOSS_MOST 0.5f
/*
 * Whether a VM at work can bear to lose a page shows when it has lost it, and
 * may cost so many misses. It is tried when the page would have spared others
 * as many since the VM came: who has just come may soon be gone.
 */
#define TRIAL_MISSES 25.0f

/* What a page more is worth to the VM that needs it most, misses a second. */
static float worth(const struct law_shadow *law)
{
	float most = 0;

	for (uint32_t i = 0; i < law->nvms; i++) {
		float slope = law_shadow_hull_slope(&law->hulls[i],
						    (float)law->vms[i].limit);

		if (slope > most)
			most = slope;
	}
	return most;
}

/* The most that a VM may lose now, when a page is worth @worth to another. */
static float bears(const struct law_shadow *law,
		   const struct law_shadow_vm *vm, float worth)
{
	float here_s = (float)(law->mono_ns - vm->came_ns) / NS_PER_S;

	if (vm->activity < LAW_SHADOW_ACTIVITY_LEAST)
		return (float)vm->limit;
	if (here_s * worth < TRIAL_MISSES)
		return 0;
	return (float)vm->limit * (vm->loss > 0 ? vm->loss : LOSS_FIRST);
}

/* Pages that the VM at @i is to have more, or less. */
static float change(const struct law_shadow *law, uint32_t i, float worth)
{
	const struct law_shadow_vm *vm = &law->vms[i];
	float most = bears(law, vm, worth);
	float more = law->pages[i] - (float)vm->limit;

	if (more * STEP > LAW_SHADOW_CHANGE_LEAST ||
	    more * STEP < -LAW_SHADOW_CHANGE_LEAST)
		more *= STEP;
	return more > -most ? more : -most;
}

/* The more it has borne, the more it is asked to bear. */
static void try(struct law_shadow_vm *vm, float more)
{
	if (more >= 0)
		vm->loss = 0;
	else
		vm->loss = vm->loss > 0 ? vm->loss * 2 : LOSS_FIRST * 2;
	if (vm->loss > LOSS_MOST)
		vm->loss = LOSS_MOST;
}

/* Returns by how much the limit really changes: not at all for under @least. */
static float set(struct law_shadow_decision *decision,
		 struct law_shadow_vm *vm, float more, float least)
{
	float change = more < 0 ? -more : more;
	uint32_t limit = (uint32_t)((float)vm->limit + more);

	if (change < least)
		return 0;
	vm->cut = more < 0 ? change : 0;
	decision->limits[decision->nlimits++] = (struct law_shadow_limit){
		.id = vm->id, .limit = limit,
	};
	return (float)limit - (float)vm->limit;
}

void law_shadow_move(struct law_shadow *law, float spare,
		     struct law_shadow_decision *decision)
{
	float value = worth(law), growth = 0, share;

	/* From here on @law->pages is how many more, or less. */
	for (uint32_t i = 0; i < law->nvms; i++) {
		struct law_shadow_vm *vm = &law->vms[i];
		float more = change(law, i, value);

		try(vm, more);
		law->pages[i] = more;
		if (more > 0)
			growth += more;
		else
			spare -= set(decision, vm, more,
				     LAW_SHADOW_CHANGE_LEAST);
	}
	if (spare < 0)
		return;
	share = growth > spare ? spare / growth : 1;
	for (uint32_t i = 0; i < law->nvms; i++)
		if (law->pages[i] > 0)
			set(decision, &law->vms[i], law->pages[i] * share,
			    LAW_SHADOW_CHANGE_LEAST);
}

/* What a VM has beyond its fair share, or beyond what it cannot do without. */
static float surplus(const struct law_shadow_vm *vm, bool fair)
{
	float least = (float)(fair ? vm->given : law_shadow_floor(vm));
	float pages = (float)vm->limit - least;

	return pages > 0 ? pages : 0;
}

static float surplus_of_all(const struct law_shadow *law, bool fair)
{
	float pages = 0;

	for (uint32_t i = 0; i < law->nvms; i++)
		pages += surplus(&law->vms[i], fair);
	return pages;
}

void law_shadow_cut(struct law_shadow *law, float excess,
		    struct law_shadow_decision *decision)
{
	bool fair = surplus_of_all(law, true) >= excess;
	float share = excess / surplus_of_all(law, fair);

	for (uint32_t i = 0; i < law->nvms; i++)
		set(decision, &law->vms[i],
		    -surplus(&law->vms[i], fair) * share, 1);
}
