// SPDX-License-Identifier: GPL-2.0
/* The memory of evicted pages. See ghost.h. */
#include <errno.h>
#include <stdlib.h>

#include "ghost.h"

int ghost_open(uint32_t entries, struct ghost_table *ret_table)
{
	struct ghost_table table = { .sets = 1 };

	while ((uint64_t)table.sets * GHOST_WAYS < entries)
		table.sets *= 2;
	table.slots = calloc((size_t)table.sets * GHOST_WAYS,
			     sizeof(*table.slots));
	if (!table.slots)
		return -ENOMEM;
	*ret_table = table;
	return 0;
}

void ghost_close(struct ghost_table *table)
{
	free(table->slots);
	table->slots = NULL;
}

/* Multiplicative hashing (Knuth 6.4); the high bits are the good ones. */
static struct ghost *ghost_set(struct ghost_table *table, uint32_t key)
{
	uint32_t hash = (key * 2654435769u) >> 8;

	return &table->slots[(hash & (table->sets - 1)) * GHOST_WAYS];
}

void ghost_put(struct ghost_table *table, const struct ghost *ghost)
{
	struct ghost *set = ghost_set(table, ghost->key), *slot = set;

	for (int i = 0; i < GHOST_WAYS; i++) {
		if (!set[i].key) {
			slot = &set[i];
			break;
		}
		if ((int32_t)(set[i].evicted_at - slot->evicted_at) < 0)
			slot = &set[i];
	}
	*slot = *ghost;
}

bool ghost_take(struct ghost_table *table, uint32_t key,
		struct ghost *ret_ghost)
{
	struct ghost *set = ghost_set(table, key);

	for (int i = 0; i < GHOST_WAYS; i++) {
		if (set[i].key == key) {
			*ret_ghost = set[i];
			set[i].key = 0;
			return true;
		}
	}
	return false;
}
