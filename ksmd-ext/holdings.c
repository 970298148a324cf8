// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "holdings.h"

/* 256 MiB: a first guest of up to 96 GiB is known whole. */
#define MAX_SLOTS (1UL << 25)
#define MIN_SLOTS 1024UL

struct holdings_slot {
	u32 checksum;
	u32 nr_guests;	/* 0: empty */
};

int holdings_init(struct holdings *holdings, unsigned long nr_pages)
{
	unsigned long nr_slots = clamp(roundup_pow_of_two(nr_pages / 3 * 4 + 1),
				       MIN_SLOTS, MAX_SLOTS);

	*holdings = (struct holdings) { .mask = nr_slots - 1 };
	holdings->slots = kvcalloc(nr_slots, sizeof(*holdings->slots),
				   GFP_KERNEL);
	return holdings->slots ? 0 : -ENOMEM;
}

void holdings_destroy(struct holdings *holdings)
{
	kvfree(holdings->slots);
	*holdings = (struct holdings) {};
}

void holdings_next_guest(struct holdings *holdings)
{
	holdings->nr_guests++;
}

/* The slot of @checksum, or the empty one where it would be. */
static struct holdings_slot *find(const struct holdings *holdings, u32 checksum)
{
	u32 i = checksum & holdings->mask;

	while (holdings->slots[i].nr_guests &&
	       holdings->slots[i].checksum != checksum)
		i = (i + 1) & holdings->mask;
	return &holdings->slots[i];
}

void holdings_add(struct holdings *holdings, u32 checksum)
{
	struct holdings_slot *slot = find(holdings, checksum);

	if (slot->nr_guests) {
		if (slot->nr_guests == holdings->nr_guests - 1)
			slot->nr_guests++;
		return;
	}

	/* One empty slot in eight, or a search would never end. */
	if (holdings->nr_guests > 1 ||
	    holdings->nr_used > holdings->mask / 8 * 7)
		return;

	slot->checksum = checksum;
	slot->nr_guests = 1;
	holdings->nr_used++;
}

bool holdings_have(const struct holdings *holdings, u32 checksum)
{
	return holdings->nr_guests &&
	       find(holdings, checksum)->nr_guests == holdings->nr_guests;
}
