// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "page_map.h"

struct page_map_slot {
	u32 tag;	/* 0: empty */
	u32 value;
};

/* Where a page is, and how it is told from others of that slot. */
struct place {
	struct page_map_slot *slot;
	u32 tag;
};

/* The last steps of MurmurHash3, by which every bit reaches every other. */
static u64 mix(u64 key)
{
	key ^= key >> 33;
	key *= 0xff51afd7ed558ccdull;
	key ^= key >> 33;
	key *= 0xc4ceb9fe1a85ec53ull;
	return key ^ (key >> 33);
}

static struct place place_of(const struct page_map *map, u64 file,
			     pgoff_t index)
{
	u64 hash = mix(mix(file) + index);

	return (struct place) {
		.slot = &map->slots[hash & map->mask],
		.tag = (hash >> 32) ?: 1,
	};
}

int page_map_init(struct page_map *map, u32 nr_slots)
{
	map->slots = kvcalloc(nr_slots, sizeof(*map->slots), GFP_KERNEL);
	if (!map->slots)
		return -ENOMEM;

	map->mask = nr_slots - 1;
	return 0;
}

void page_map_destroy(struct page_map *map)
{
	kvfree(map->slots);
	map->slots = NULL;
}

bool page_map_get(const struct page_map *map, u64 file, pgoff_t index,
		  u32 *ret_value)
{
	struct place place = place_of(map, file, index);

	if (place.slot->tag != place.tag)
		return false;

	*ret_value = place.slot->value;
	return true;
}

bool page_map_put(struct page_map *map, u64 file, pgoff_t index, u32 value)
{
	struct place place = place_of(map, file, index);
	bool lost = place.slot->tag && place.slot->tag != place.tag;

	place.slot->tag = place.tag;
	place.slot->value = value;
	return lost;
}

bool page_map_remove(struct page_map *map, u64 file, pgoff_t index)
{
	struct place place = place_of(map, file, index);

	if (place.slot->tag != place.tag)
		return false;

	place.slot->tag = 0;
	return true;
}
