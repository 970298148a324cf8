/* SPDX-License-Identifier: GPL-2.0 */
#ifndef EVICT_GHOST_H
#define EVICT_GHOST_H

/*
 * What is remembered of evicted pages: a table of bounded size that forgets the
 * oldest of a set when the set is full. Distances are numbers of evictions.
 */

#include <stdbool.h>
#include <stdint.h>

#define GHOST_WAYS 4

struct ghost {
	uint32_t key;		/* page id + 1; 0: empty */
	uint32_t evicted_at;	/* evictions of the VM then */
	uint32_t used_at;	/* when last known in use */
	uint32_t interval;	/* mean between uses, 0: unknown */
	uint32_t intervals;	/* how many that is the mean of */
};

struct ghost_table {
	struct ghost *slots;
	uint32_t sets;		/* a power of two */
};

/** ghost_open - room for at least @entries. Returns 0 or -ENOMEM. */
int ghost_open(uint32_t entries, struct ghost_table *ret_table);

/** ghost_close - free the table. */
void ghost_close(struct ghost_table *table);

/** ghost_put - remember; forgets what was evicted first among its set. */
void ghost_put(struct ghost_table *table, const struct ghost *ghost);

/** ghost_take - look up and forget; false if there is none. */
bool ghost_take(struct ghost_table *table, uint32_t key,
		struct ghost *ret_ghost);

#endif
