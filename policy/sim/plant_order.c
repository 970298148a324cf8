// SPDX-License-Identifier: GPL-2.0
/*
 * How far the unstable tree is out of order. Its pages are not write-protected:
 * one that changes after its insertion stands in a place where it does not
 * belong, and half of the searches that come by are sent the wrong way, past a
 * partner that is there (the head comment of mm/ksm.c). The two pages merge a
 * pass later, or not before smart_scan looks again.
 *
 * Who came first stands at the top: level d is taken to hold the pages that
 * were inserted as number 2^d and up to 2^(d+1). Volatile pages that kept still
 * for one whole pass get in; how many of a level have changed in a time is
 * their number times time over period, no single one is followed. Whether one
 * search fails is drawn from its page's number and the pass, so that two runs
 * fail alike.
 */
#include "plant_priv.h"

static unsigned int level_of(uint64_t number)
{
	return number ? 63u - (unsigned int)__builtin_clzll(number) : 0;
}

void plant_order_reset(struct plant *p)
{
	p->order = (struct plant_order){ .top = 0 };
}

void plant_order_add_volatile(struct plant *p, uint32_t period_ms)
{
	unsigned int d = level_of(p->unstable_size);

	p->order.level[d].pages++;
	p->order.level[d].changes_per_ns +=
		1.0 / ((period_ms ? period_ms : 1) * (double)PLANT_NS_PER_MS);
	if (d >= p->order.top)
		p->order.top = d + 1;
}

bool plant_order_misses(const struct plant *p, uint32_t page,
			uint64_t partner_ns, uint64_t partner_number)
{
	double changed, found = 1, passed_ns = p->now_ns - partner_ns;
	unsigned int d, end = level_of(partner_number);
	uint64_t draw;

	for (d = 0; d < end && d < p->order.top; d++) {
		changed = p->order.level[d].changes_per_ns * passed_ns;
		if (changed > p->order.level[d].pages)
			changed = p->order.level[d].pages;
		found *= 1 - changed / (double)(1ull << d) / 2;
	}
	draw = plant_scatter((uint64_t)page << 32 | (uint32_t)p->full_scans);
	return found < 1 && (double)(draw >> 11) >= found * (1ull << 53);
}
