// SPDX-License-Identifier: GPL-2.0
/*
 * The shadow law: follow the VMs, estimate their curves, divide the pages, and
 * say whether to move there. See law_shadow.h.
 */
#include <string.h>

#include "law_shadow.h"
#include "law_shadow_move.h"

#define NS_PER_S 1e9f
/* What the newest interval counts in a VM's activity. */
#define NEW_ACTIVITY 0.7f
/*
 * Misses a second that a VM is taken to save with its fair share. Far less than
 * any VM that misses has: it decides where nobody does.
 */
#define FAIR_MISSES_PER_PAGE 0.001f
/* A division must spare so much of what pages can, to be worth moving them. */
#define GAIN_LEAST 0.1f
void law_shadow_init(struct law_shadow *law)
{
	law->mono_ns = 0;
	law->nvms = 0;
}

uint32_t law_shadow_floor(const struct law_shadow_vm *vm)
{
	return vm->given < LAW_SHADOW_FLOOR_PAGES ? vm->given :
						     LAW_SHADOW_FLOOR_PAGES;
}

static void meet(struct law_shadow_vm *vm, const struct snap_shadow *now,
		 uint64_t now_ns)
{
	memset(vm, 0, sizeof(*vm));
	vm->id = now->id;
	vm->given = now->limit ? now->limit : 1;
	vm->activity = 1;
	vm->came_ns = now_ns;
	vm->cpu_ns = now->cpu_ns;
	memcpy(vm->refault_distance, now->refault_distance,
	       sizeof(vm->refault_distance));
}

/* Counters that went back count from zero. */
static uint64_t since(uint64_t then, uint64_t now)
{
	return now >= then ? now - then : now;
}

/* @dt_s: seconds since the last decision; 0 if there was none. */
static void follow(struct law_shadow_vm *vm, const struct snap_shadow *now,
		   float dt_s)
{
	uint64_t refaults[SNAP_REFAULT_BUCKETS];
	float cpu_s = (float)since(vm->cpu_ns, now->cpu_ns) / NS_PER_S;

	for (int i = 0; i < SNAP_REFAULT_BUCKETS; i++)
		refaults[i] = since(vm->refault_distance[i],
				    now->refault_distance[i]);
	if (dt_s > 0) {
		vm->activity += NEW_ACTIVITY * (cpu_s / dt_s - vm->activity);
		if (cpu_s >= LAW_SHADOW_ACTIVITY_LEAST * dt_s)
			law_shadow_learn(&vm->curve, now->limit, refaults,
					 vm->cut, cpu_s);
	}
	vm->cut = 0;
	vm->limit = now->limit;
	vm->weight_permille = now->weight_permille;
	vm->cpu_ns = now->cpu_ns;
	memcpy(vm->refault_distance, now->refault_distance,
	       sizeof(vm->refault_distance));
}

static void drop(struct law_shadow *law, uint32_t at)
{
	law->nvms--;
	memmove(&law->vms[at], &law->vms[at + 1],
		(law->nvms - at) * sizeof(law->vms[0]));
}

static void insert(struct law_shadow *law, uint32_t at)
{
	memmove(&law->vms[at + 1], &law->vms[at],
		(law->nvms - at) * sizeof(law->vms[0]));
	law->nvms++;
}

/* Both are ordered by id. */
static void follow_all(struct law_shadow *law, const struct snap *snap)
{
	float dt_s = law->mono_ns && snap->mono_ns > law->mono_ns ?
		     (float)(snap->mono_ns - law->mono_ns) / NS_PER_S : 0;
	uint32_t at = 0;

	for (uint32_t i = 0; i < snap->nshadows; i++) {
		const struct snap_shadow *now = &snap->shadows[i];

		while (at < law->nvms && law->vms[at].id < now->id)
			drop(law, at);
		if (at < law->nvms && law->vms[at].id == now->id) {
			follow(&law->vms[at++], now, dt_s);
		} else if (law->nvms < LAW_SHADOW_VMS_MAX) {
			insert(law, at);
			meet(&law->vms[at], now, snap->mono_ns);
			follow(&law->vms[at++], now, 0);
		}
	}
	law->nvms = at;
	law->mono_ns = snap->mono_ns;
}

/* Misses a second at each level, as far as anybody cares. */
static void weigh(const struct law_shadow_vm *vm,
		  struct law_shadow_hull *ret_hull)
{
	float cost[LAW_SHADOW_LEVELS];
	float care = vm->activity * (float)vm->weight_permille / 1000;
	float given = (float)vm->given;

	law_shadow_estimate(&vm->curve, vm->limit, vm->given, cost);
	for (unsigned int i = 0; i < LAW_SHADOW_LEVELS; i++)
		cost[i] = cost[i] * care + FAIR_MISSES_PER_PAGE * given *
			  (given / law_shadow_level_pages(i));
	law_shadow_hull(ret_hull, law_shadow_floor(vm), cost);
}

/* Misses a second that pages could spare, and those that none can. */
struct cost {
	float all, hopeless;
};

static struct cost cost_now(const struct law_shadow *law)
{
	struct cost cost = { 0 };

	for (uint32_t i = 0; i < law->nvms; i++) {
		const struct law_shadow_hull *hull = &law->hulls[i];

		cost.all += law_shadow_hull_cost(hull,
						 (float)law->vms[i].limit);
		cost.hopeless += hull->cost[hull->corners - 1];
	}
	return cost;
}

/* The same when all have @law->pages. */
static float cost_divided(const struct law_shadow *law)
{
	float cost = 0;

	for (uint32_t i = 0; i < law->nvms; i++)
		cost += law_shadow_hull_cost(&law->hulls[i], law->pages[i]);
	return cost;
}

static float sum_limits(const struct law_shadow *law)
{
	float pages = 0;

	for (uint32_t i = 0; i < law->nvms; i++)
		pages += (float)law->vms[i].limit;
	return pages;
}

static float budget_of(const struct law_shadow *law,
		       const struct law_shadow_params *params)
{
	float pages = 0, floors = 0;

	for (uint32_t i = 0; i < law->nvms; i++) {
		pages += (float)law->vms[i].given;
		floors += (float)law_shadow_floor(&law->vms[i]);
	}
	if (params->budget_pages)
		pages = (float)params->budget_pages;
	return pages > floors ? pages : floors;
}

static enum law_shadow_reason judge(const struct law_shadow *law, float budget,
				    const struct cost *now, float then,
				    bool first)
{
	if (sum_limits(law) > budget + LAW_SHADOW_CHANGE_LEAST)
		return LAW_SHADOW_BUDGET;
	if (first)
		return LAW_SHADOW_START;
	return now->all - then > (now->all - now->hopeless) * GAIN_LEAST ?
		       LAW_SHADOW_MOVE : LAW_SHADOW_STEADY;
}

void law_shadow_decide(struct law_shadow *law,
		       const struct law_shadow_params *params,
		       const struct snap *snap,
		       struct law_shadow_decision *ret_decision)
{
	bool first = !law->mono_ns;
	struct cost now;
	float budget, then;

	ret_decision->reason = LAW_SHADOW_NONE;
	ret_decision->arg[0] = ret_decision->arg[1] = 0;
	ret_decision->nlimits = 0;
	follow_all(law, snap);
	if (!law->nvms)
		return;
	for (uint32_t i = 0; i < law->nvms; i++)
		weigh(&law->vms[i], &law->hulls[i]);
	budget = budget_of(law, params);
	law_shadow_divide(law->hulls, law->nvms, budget, law->pages);
	now = cost_now(law);
	then = cost_divided(law);
	ret_decision->reason = judge(law, budget, &now, then, first);
	ret_decision->arg[0] = (int64_t)(now.all * 1000);
	ret_decision->arg[1] = (int64_t)(then * 1000);
	if (ret_decision->reason == LAW_SHADOW_BUDGET)
		law_shadow_cut(law, sum_limits(law) - budget, ret_decision);
	else if (ret_decision->reason == LAW_SHADOW_MOVE)
		law_shadow_move(law, budget - sum_limits(law), ret_decision);
}
