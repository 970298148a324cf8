// SPDX-License-Identifier: GPL-2.0
#include <string.h>

#include "law_shadow_divide.h"

/* Misses that a page saves between a corner and the next. */
static float slope(const struct law_shadow_hull *hull, unsigned int corner)
{
	return (hull->cost[corner] - hull->cost[corner + 1]) /
	       (hull->pages[corner + 1] - hull->pages[corner]);
}

/* Corners that the next one makes concave go; so do flat ends. */
static void add(struct law_shadow_hull *hull, float pages, float cost)
{
	while (hull->corners >= 2) {
		unsigned int last = hull->corners - 1;

		hull->pages[hull->corners] = pages;
		hull->cost[hull->corners] = cost;
		if (slope(hull, last) <= slope(hull, last - 1))
			break;
		hull->corners--;
	}
	if (hull->corners && cost >= hull->cost[hull->corners - 1])
		return;
	hull->pages[hull->corners] = pages;
	hull->cost[hull->corners] = cost;
	hull->corners++;
}

void law_shadow_hull(struct law_shadow_hull *hull, uint32_t floor,
		     const float cost[LAW_SHADOW_LEVELS])
{
	unsigned int level = 0;

	hull->corners = 0;
	while (level < LAW_SHADOW_LEVELS - 1 &&
	       law_shadow_level_pages(level + 1) <= (float)floor)
		level++;
	add(hull, (float)floor, cost[level]);
	while (++level < LAW_SHADOW_LEVELS)
		add(hull, law_shadow_level_pages(level), cost[level]);
}

/* The corner at or before @pages, if there is one. */
static unsigned int corner_at(const struct law_shadow_hull *hull, float pages)
{
	unsigned int i = 0;

	while (i + 1 < hull->corners && hull->pages[i + 1] <= pages)
		i++;
	return i;
}

float law_shadow_hull_slope(const struct law_shadow_hull *hull, float pages)
{
	unsigned int i = corner_at(hull, pages);

	return i + 1 < hull->corners ? slope(hull, i) : 0;
}

float law_shadow_hull_cost(const struct law_shadow_hull *hull, float pages)
{
	unsigned int i = corner_at(hull, pages);
	float more = pages - hull->pages[i];

	return hull->cost[i] - (more > 0 ? law_shadow_hull_slope(hull, pages) *
					   more : 0);
}

/* How many pages are worth @price, a positive number, for each. */
static float take(const struct law_shadow_hull *hull, float price)
{
	unsigned int i = 0;

	while (i + 1 < hull->corners && slope(hull, i) >= price)
		i++;
	return hull->pages[i];
}

static float take_all(const struct law_shadow_hull *hulls, uint32_t nhulls,
		      float price)
{
	float pages = 0;

	for (uint32_t i = 0; i < nhulls; i++)
		pages += take(&hulls[i], price);
	return pages;
}

/* Floats above zero are ordered as their bits are. */
static float from_bits(uint32_t bits)
{
	float value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/* Two prices next to each other, between which the budget is used up. */
struct prices {
	float low, high;
};

static struct prices find_prices(const struct law_shadow_hull *hulls,
				 uint32_t nhulls, float budget)
{
	uint32_t low = 1, high = 0x7f000000;	/* about 1e-45 and 1e38 */

	while (high - low > 1) {
		uint32_t middle = low + (high - low) / 2;

		if (take_all(hulls, nhulls, from_bits(middle)) > budget)
			low = middle;
		else
			high = middle;
	}
	return (struct prices){ from_bits(low), from_bits(high) };
}

void law_shadow_divide(const struct law_shadow_hull *hulls, uint32_t nhulls,
		       float budget, float *ret_pages)
{
	struct prices prices = find_prices(hulls, nhulls, budget);
	float at_low = take_all(hulls, nhulls, prices.low);
	float at_high = take_all(hulls, nhulls, prices.high);
	float share = at_low > at_high ?
		      (budget - at_high) / (at_low - at_high) : 0;

	if (share > 1)
		share = 1;
	for (uint32_t i = 0; i < nhulls; i++) {
		float high = take(&hulls[i], prices.high);

		ret_pages[i] = high + (take(&hulls[i], prices.low) - high) *
				      share;
	}
}
