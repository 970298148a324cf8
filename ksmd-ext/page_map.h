/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KSMD_EXT_PAGE_MAP_H
#define KSMD_EXT_PAGE_MAP_H

#include <linux/types.h>

/*
 * A lossy map from a page of a file to a number
 *
 * Of fixed size. Each page has four slots that it may be in; one that finds them
 * taken takes the place of another. A slot keeps 32 bits of a hash beside its
 * number: two pages of the same slots are mixed up once in 2^32. No locking.
 */
struct page_map {
	struct page_map_slot *slots;
	u32 mask;
};

/* Room for @nr_slots, a power of two. -ENOMEM. */
int page_map_init(struct page_map *map, u32 nr_slots);
void page_map_destroy(struct page_map *map);

/* @file is any number that names the file, or a version of it. */
bool page_map_get(const struct page_map *map, u64 file, pgoff_t index,
		  u32 *ret_value);
/* Returns whether that cost another page its place. */
bool page_map_put(struct page_map *map, u64 file, pgoff_t index, u32 value);
/* Returns whether the page was there. */
bool page_map_remove(struct page_map *map, u64 file, pgoff_t index);

#endif /* KSMD_EXT_PAGE_MAP_H */
