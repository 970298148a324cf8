/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Dividing pages by price.
 *
 * Of each VM's cost as a function of its pages only the lower convex hull
 * matters: where a few pages save nothing but many save much, as in a loop that
 * does not fit, one gives all or none. At a price of so many misses a page each
 * VM takes the pages that are worth it; the price at which the budget is used
 * up divides it best. What is left at that price is shared in proportion.
 */
#ifndef DENSITY_LAW_SHADOW_DIVIDE_H
#define DENSITY_LAW_SHADOW_DIVIDE_H

#include <stdint.h>

#include "law_shadow_curve.h"

/* Corners of a cost that falls, ever less steeply, with the pages. */
struct law_shadow_hull {
	unsigned int corners;
	float pages[LAW_SHADOW_LEVELS + 1];
	float cost[LAW_SHADOW_LEVELS + 1];
};

/*
 * The hull of @cost at each level, from @floor pages up; what costs at @floor
 * is as at the level below.
 */
void law_shadow_hull(struct law_shadow_hull *hull, uint32_t floor,
		     const float cost[LAW_SHADOW_LEVELS]);
/* What one page more spares at @pages. */
float law_shadow_hull_slope(const struct law_shadow_hull *hull, float pages);
float law_shadow_hull_cost(const struct law_shadow_hull *hull, float pages);
/*
 * Divide @budget pages, which are as many as all floors at least, among
 * @nhulls. Less is given out where no more would spare anything.
 */
void law_shadow_divide(const struct law_shadow_hull *hulls, uint32_t nhulls,
		       float budget, float *ret_pages);

#endif
