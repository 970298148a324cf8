// SPDX-License-Identifier: GPL-2.0
/* The table of policies and what they share. */
#include <string.h>

#include "policy.h"

static const struct policy *const policies[] = {
	&policy_fifo, &policy_clock, &policy_lru25, &policy_lru, &policy_sieve, &policy_s3fifo,
	&policy_bip, &policy_reuse, &policy_belady, &policy_cost,
};

const struct policy *policy_at(size_t i)
{
	return i < sizeof(policies) / sizeof(policies[0]) ? policies[i] : NULL;
}

const struct policy *policy_find(const char *name)
{
	for (size_t i = 0; policy_at(i); i++)
		if (!strcmp(policy_at(i)->name, name))
			return policy_at(i);
	return NULL;
}

uint32_t policy_want_small(const struct pool *pool, uint32_t available)
{
	uint32_t batch = pool->limit / 64;

	batch = batch < 1 ? 1 : batch > 20 ? 20 : batch;
	return POOL_MIN_FREE + batch - 1 - available;
}

struct page *policy_oldest(struct pool *pool)
{
	struct list *at;

	for (at = pool->active.prev; at != &pool->active; at = at->prev)
		if (!list_page(at)->root_count)
			return list_page(at);
	return NULL;
}
