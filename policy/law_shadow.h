/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a host's shadow-page memory is divided among its VMs.
 *
 * KVM gives each VM a pool of 2 % of its memory, whatever it does with it. Here
 * the same total is divided by use: a page goes to the VM that it saves the
 * most misses (refaults of evicted shadow pages). What a page more would save
 * is told by the distances of refaults; what one less would cost is known from
 * when the pool was smaller, and else taken to be no less than what one more
 * would save. See law_shadow_curve.h and
 * law_shadow_divide.h.
 *
 * Like every law it is a pure function of the snapshot and its own state.
 */
#ifndef DENSITY_LAW_SHADOW_H
#define DENSITY_LAW_SHADOW_H

#include <stdbool.h>
#include <stdint.h>

#include "law_shadow_divide.h"
#include "snap.h"

/* VMs beyond keep the limit that KVM gave them. */
#define LAW_SHADOW_VMS_MAX 512u
/* KVM_MIN_ALLOC_MMU_PAGES of arch/x86/include/asm/kvm_host.h. */
#define LAW_SHADOW_FLOOR_PAGES 64u

enum law_shadow_reason {
	LAW_SHADOW_NONE = 0,
	LAW_SHADOW_START,	/* nothing is known yet */
	LAW_SHADOW_STEADY,	/* no division would save misses worth a move */
	LAW_SHADOW_BUDGET,	/* more is given out than there is */
	LAW_SHADOW_MOVE,	/* arg: misses a second now, and as divided, x 1000 */
};

struct law_shadow_params {
	/* Pages for all VMs; 0: as many as KVM's own limits add up to. */
	uint64_t budget_pages;
};

/* A VM as the law knows it. */
struct law_shadow_vm {
	uint64_t id;
	uint32_t given;		/* limit when first seen: its fair share */
	uint32_t limit;		/* in force at the last decision, pages */
	uint32_t weight_permille;
	uint64_t cpu_ns;	/* counters at the last decision */
	uint64_t refault_distance[SNAP_REFAULT_BUCKETS];
	float activity;		/* CPU-seconds per second, smoothed */
	struct law_shadow_curve curve;
	/* what it can bear, see law_shadow_move.h */
	uint64_t came_ns;
	float loss;		/* of its limit, at most, next time; 0: as at first */
	float cut;		/* pages lost by the last decision, for the curve */
};

struct law_shadow {
	uint64_t mono_ns;	/* of the last decision, 0: none yet */
	uint32_t nvms;
	struct law_shadow_vm vms[LAW_SHADOW_VMS_MAX];	/* ordered by id */
	/* scratch of a decision */
	struct law_shadow_hull hulls[LAW_SHADOW_VMS_MAX];
	float pages[LAW_SHADOW_VMS_MAX];	/* that divide the budget best */
};

struct law_shadow_limit {
	uint64_t id;
	uint32_t limit;		/* pages */
};

struct law_shadow_decision {
	enum law_shadow_reason reason;
	int64_t arg[2];
	/* In the order to be set in: who loses pages comes first. */
	uint32_t nlimits;
	struct law_shadow_limit limits[LAW_SHADOW_VMS_MAX];
};

void law_shadow_init(struct law_shadow *law);
/*
 * To be called every few seconds. A limit that was refused shows in the next
 * snapshot and is taken as it is.
 */
void law_shadow_decide(struct law_shadow *law,
		       const struct law_shadow_params *params,
		       const struct snap *snap,
		       struct law_shadow_decision *ret_decision);

#endif
