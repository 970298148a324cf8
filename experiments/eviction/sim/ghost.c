// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>

#include "ghost.h"

int ghost_open(struct ghost_table *table, uint32_t entries)
{
	uint32_t sets = 1;

	while (sets * GHOST_WAYS < entries)
		sets *= 2;
	table->slots = calloc((size_t)sets * GHOST_WAYS, sizeof(*table->slots));
	table->sets = sets;
	return table->slots ? 0 : -ENOMEM;
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
