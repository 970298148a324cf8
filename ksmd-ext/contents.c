// SPDX-License-Identifier: GPL-2.0
#include <linux/bits.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "contents.h"

/* 256 KiB a VMM, and one slot in four in use. */
#define SLOT_BITS 15
#define MAX_WATCHED (BIT(SLOT_BITS) / 4)

struct contents_slot {
	u32 checksum;
	u32 look;	/* when it was last seen; 0: empty */
};

int contents_init(struct contents *contents)
{
	*contents = (struct contents) {};
	contents->slots = kvcalloc(BIT(SLOT_BITS), sizeof(*contents->slots),
				   GFP_KERNEL);
	return contents->slots ? 0 : -ENOMEM;
}

void contents_destroy(struct contents *contents)
{
	kvfree(contents->slots);
	contents->slots = NULL;
}

void contents_next_look(struct contents *contents, u64 nr_pages)
{
	contents->look++;
	/* It never shrinks: what was not watched would seem to be new. */
	while (nr_pages >> contents->sample_shift > MAX_WATCHED)
		contents->sample_shift++;
}

u32 contents_see(struct contents *contents, u32 checksum)
{
	u32 sample = checksum >> SLOT_BITS & (BIT(contents->sample_shift) - 1);
	struct contents_slot *slot;
	bool came_back;

	if (sample)
		return 0;

	slot = &contents->slots[checksum & (BIT(SLOT_BITS) - 1)];
	if (slot->look && slot->checksum != checksum) {
		if (slot->look >= contents->look - 1)
			return 0;
		slot->look = 0;
	}

	came_back = slot->look && slot->look < contents->look - 1;
	slot->checksum = checksum;
	slot->look = contents->look;
	return came_back ? BIT(contents->sample_shift) : 0;
}
