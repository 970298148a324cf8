// SPDX-License-Identifier: GPL-2.0
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "page_map.h"

#define WAYS 4

struct page_map_slot {
	u32 tag;	/* 0: empty */
	u32 value;
};

/* Where a page may be, and how it is told from others that may be there. */
struct place {
	struct page_map_slot *slots;
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
		.slots = &map->slots[hash & map->mask & ~(u64)(WAYS - 1)],
		.tag = (hash >> 32) ?: 1,
	};
}

/* The slot of that tag, 0 being that of an empty one, or NULL. */
static struct page_map_slot *find(const struct place *place, u32 tag)
{
	int i;

	for (i = 0; i < WAYS; i++)
		if (place->slots[i].tag == tag)
			return &place->slots[i];
	return NULL;
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
	struct page_map_slot *slot = find(&place, place.tag);

	if (!slot)
		return false;

	*ret_value = slot->value;
	return true;
}

bool page_map_put(struct page_map *map, u64 file, pgoff_t index, u32 value)
{
	struct place place = place_of(map, file, index);
	struct page_map_slot *slot;

	slot = find(&place, place.tag) ?: find(&place, 0);
	if (slot) {
		*slot = (struct page_map_slot) { place.tag, value };
		return false;
	}

	place.slots[place.tag % WAYS] =
		(struct page_map_slot) { place.tag, value };
	return true;
}

bool page_map_remove(struct page_map *map, u64 file, pgoff_t index)
{
	struct place place = place_of(map, file, index);
	struct page_map_slot *slot = find(&place, place.tag);

	if (!slot)
		return false;

	slot->tag = 0;
	return true;
}
