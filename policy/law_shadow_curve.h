/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Misses of a VM as a function of the size of its pool of shadow pages.
 *
 * Sizes are levels, a quarter of an octave apart. Misses are per CPU-second of
 * the VM, so that a VM that rests and one that works can be told from one that
 * needs much and one that needs little.
 *
 * A refault at distance d would not have been with d pages more: the histogram
 * tells the curve above the limit in force. Below it the curve is what it was
 * when the limit was lower, the less trusted the longer ago that is; where
 * nothing is known it goes on as steeply as it comes down above.
 */
#ifndef DENSITY_LAW_SHADOW_CURVE_H
#define DENSITY_LAW_SHADOW_CURVE_H

#include <stdint.h>

#include "snap.h"

/* From 32 pages to 32 << 16, 8 GiB of shadow pages. */
#define LAW_SHADOW_LEVELS 65u

struct law_shadow_curve {
	float misses[LAW_SHADOW_LEVELS];	/* per CPU-second */
	float trust[LAW_SHADOW_LEVELS];		/* 0 to 1 */
};

/* Pages at a level. */
float law_shadow_level_pages(unsigned int level);

/*
 * Learn from @refaults, by distance in eighths of @limit (the last is open),
 * that were counted in @cpu_s CPU-seconds of the VM. @once of them are of pages
 * that a lower limit has just cost it, and do not last.
 */
void law_shadow_learn(struct law_shadow_curve *curve, uint32_t limit,
		      const uint64_t refaults[SNAP_REFAULT_BUCKETS],
		      float once, float cpu_s);

/* The curve that is believed, for a VM at @limit that KVM gave @given. */
void law_shadow_estimate(const struct law_shadow_curve *curve, uint32_t limit,
			 uint32_t given, float ret_misses[LAW_SHADOW_LEVELS]);

#endif
