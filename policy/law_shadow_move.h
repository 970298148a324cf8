/* SPDX-License-Identifier: GPL-2.0 */
/*
 * From the limits in force towards those that divide the budget best.
 *
 * What a VM at work misses with fewer pages is known only once it has fewer, so
 * pages are taken from it on trial: few at first, then twice as many each time
 * that it bears it. A VM that rests can bear anything.
 */
#ifndef DENSITY_LAW_SHADOW_MOVE_H
#define DENSITY_LAW_SHADOW_MOVE_H

#include "law_shadow.h"

/* CPU-seconds per second; who uses less is no VM at work. */
#define LAW_SHADOW_ACTIVITY_LEAST 0.01f
/* Pages; a limit that would change by fewer is left alone. */
#define LAW_SHADOW_CHANGE_LEAST 4.0f

/* Go some of the way to @law->pages. @spare: pages that nobody has, or less. */
void law_shadow_move(struct law_shadow *law, float spare,
		     struct law_shadow_decision *decision);
/*
 * Take @excess pages at once: from those who have more than their fair share,
 * and where that will not do, from all. All have as many above their floors.
 */
void law_shadow_cut(struct law_shadow *law, float excess,
		    struct law_shadow_decision *decision);
/* Pages that a VM is left with in any case. */
uint32_t law_shadow_floor(const struct law_shadow_vm *vm);

#endif
